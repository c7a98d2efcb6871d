"""What walls in front of sites say when they refuse somebody, in words. Pure.

No one word tells: a notice may speak of firewalls, attacks and IP addresses. A wall speaks of the reader, of what it has done and of a number
to be quoted, all at once, and of nothing that a notice has.
"""

import re

from crawler.text.late import late

HINT = re.compile(  # asked of every page: a pattern whose every word begins with a character of its own case is looked for faster
    r"拦截|阻断|防火墙|攻击|黑客|事件\s*(?i:ID)|拒绝访问|访问(?:被|受)|异常(?:访问|请求|行为)|频繁"
    r"|[yY](?i:our\s*ip)|[cC](?i:lient\s*ip)|[bB](?<!\w.)(?i:locked)\b|[aA](?i:ccess denied)|[wW](?<!\w.)(?i:af)\b"
)
KINDS = (
    ("refuses", late(
        r"(?:访问|请求|操作|浏览|连接|IP)[^。\n]{0,16}(?:拦截|阻断|拒绝|禁止|阻止|限制|封禁|屏蔽)|(?:拦截|阻断|拒绝|禁止|阻止)[^。\n]{0,8}(?:访问|请求)|(?:访问|请求)(?:过于)?频繁"
        r"|access (?:to [^.\n]{0,60} )?(?:is |was |has been )?(?:denied|blocked|forbidden)|(?:request|you|ip)[^.\n]{0,40}(?:been |was )?(?:blocked|denied|rejected)", re.IGNORECASE)),
    ("names itself", late(
        r"防火墙|\bWAF\b|云盾|安全狗|玄武盾|云锁|创宇|加速乐|安恒|网站卫士|护卫神|D盾|安全网关|应用防护|网页防篡改|安全防护|安全策略|firewall|security (?:policy|service|rule)|web application", re.IGNORECASE)),
    ("suspects", late(r"疑似|可疑|黑客|攻击|非法(?:请求|访问|参数|字符)|不合法|恶意|异常(?:访问|请求|行为|流量)|威胁|malicious|suspicious|attack|unusual", re.IGNORECASE)),
    ("tells who you are", late(
        r"(?:您|你|客户端|访问者|用户|当前|来源|本机|请求)的?\s*(?:真实|公网|出口)?\s*IP|\bIP(?:地址)?\s*[:：为是]\s*\[?\d{1,3}\.\d{1,3}\.|(?:your|client|remote)\s*ip", re.IGNORECASE)),
    ("has a number", late(
        r"(?:事件|请求|拦截|日志|规则|跟踪|追踪|访问|告警|会话|event|request|incident|trace|support|reference|ray|rule)\s*[-_]?\s*(?:ID|编号|序号|号码|号|number|#)\s*[:：#是为]?\s*[\w.-]*\d", re.IGNORECASE)),
    ("says what to do", late(r"联系[^。\n]{0,10}(?:管理员|客服|站长|网站)|误(?:报|判|拦)|申诉|白名单|稍后(?:再试|重试)|contact [^.\n]{0,40}(?:admin|owner|support)", re.IGNORECASE)),
)  # fmt: skip
NOTICE = late(r"(?:发布|公开|发文|成文)\s*(?:时间|日期)\s*[:：]|(?:来源|索引号|文号)\s*[:：]\s*\S|当前位置|责任编辑")
LOOKED_AT = 6_000  # characters; a wall says it at the start, whatever it adds
LEAST = 3


def wall_words(text: str) -> str:
    """What tells that a text is a wall's, empty when nothing does."""
    shown = text[:LOOKED_AT]
    if HINT.search(shown) is None or NOTICE().search(shown) is not None:
        return ""
    found = [name for name, form in KINDS if form().search(shown)]
    personal = {"tells who you are", "has a number"} & set(found)
    return (
        f"a wall's words: it {', '.join(found)}"
        if len(found) >= LEAST and personal and set(found) - personal - {"says what to do"}
        else ""
    )
