"""What a page prints around its text, told by its words and, where they speak, by the names of its boxes."""

import re
from collections.abc import Sequence
from functools import lru_cache

from crawler.parsers.labels import in_facts, spaced
from crawler.parsers.sheet import Line
from crawler.parsers.tree import squeeze
from crawler.text.dates import read_date
from crawler.text.fold import fold, key_of

CHROME = re.compile(
    r"(?:^|[\s_-])(?:share|bdsharebuttonbox|bshare|social|qrcode|ewm|erweima|crumb|crumbs|breadcrumb|location|position|weizhi|dqwz|nav|menu|footer|foot|header|"
    r"sidebar|related|xgwz|xgxw|xgbd|relation|pagination|page-turn|prenext|prev-next|comment|print|toolbar|tools|fontsize|jiathis|editor-name|zrbj|rightbar|"
    r"accessibility|voice|speech|feedback|jiucuo)(?:$|[\s_-])",
    re.IGNORECASE,
)
WORD = (
    r"(?:我要)?打印(?:本页|此页|文章|页面|正文|内容)?|关闭(?:本页|窗口|此页|页面)?|(?:我要|加入)?收藏(?:本页)?|(?:返回)?(?:页面)?顶部|返回(?:上一页|上一级|列表|首页|页首)?|"
    r"(?:我要|内容)?纠错|字号|字体(?:大小)?|文字大小|字|大小|大|中|小|默认|超大|正常|保存(?:本页)?|复制(?:链接|本页)?|转发|"
    r"分享(?:到|至)?|一键分享|扫一扫.{0,20}|(?:用|使用|打开)微信.{0,30}|手机(?:扫码|看|阅读).{0,12}|微信(?:扫一扫|好友|朋友圈)?|微博|qq(?:空间|好友)?|新浪微博|腾讯微博|人人网|朋友圈|"
    r"语音播报|播报|播放|朗读|暂停|继续|停止|无障碍.{0,6}|适老.{0,4}|(?:word|pdf|文字|图片|全文)?版?下载(?:全文|文字|图片|word|pdf)?版?|word|pdf|背景色?|视力保护色|保护视力色|推荐|评论|繁体|简体|繁|简|a\s?[+-]?|t|x|\+|-|更多"
)
FURNITURE = re.compile(
    rf"^(?:[【\[(（〖「<《]?(?:{WORD})[】\])）〗」>》]?[:：|\s/、·]*)+$"
)  # asked of folded text, as the others: in lower case
LINE_FURNITURE = re.compile(
    r"^[【\[(（]?\s*(?:责任编辑|责编|校对|录入|录入人|信息员|值班编辑|上一篇|下一篇|上一条|下一条|上一页|下一页|上页|下页|前一篇|后一篇|"
    r"相关(?:附件|链接|稿件|文章|新闻|阅读|文件|解读|信息|推荐|报道|政策|内容|资讯)|热门(?:推荐|文章|新闻)|分享到|分享至|扫一扫|浏览次数|浏览量|阅读次数|点击数|点击率|点击|访问次数|打印|字号|字体|"
    r"视力保护色|版权所有|网站标识码|备案号|(?:分享|转发)[:：])\s*[】\])）]?\s*(?:[:：][^，。；,;《]{0,30})?$"
)
NEIGHBOUR = re.compile(
    r"^[【\[(（<]?(?:上一[篇条页则个]|下一[篇条页则个]|上篇|下篇|上条|下条|前一[篇条]|后一[篇条])(?:文章|信息|新闻)?[】\])）>]?(?:[:：].{0,110})?$"
)
PEOPLE = "责任编辑|责编|编辑|校对|初审|复审|终审|一审|二审|三审|审核|审核人|编审|录入|录入人|信息员|值班编辑"
# Names behind such a word, no sentence: a notice's text says who examines what (`审核：由业务科室提出意见。`).
NAMES = "[:：][^，。；,;:：]{0,12}"
EDITORS = re.compile(rf"^[【\[(（]?(?:{PEOPLE})[】\])）]?(?:{NAMES}(?:[，；,;|]?(?:{PEOPLE}){NAMES}){{0,5}})?$")
COUNTER = re.compile(
    r"^[\[【(（]?(?:本文|本页|文章)?(?:已|共)?被?(?:浏览|阅读|点击|访问|下载|人气|点赞)(?:次数|量|数|率|人数)?[:：(（]?\d[\d,.]*万?[次人)）\]】]*$"
)
EDITOR = re.compile(r"^[（(【\[]\s*(?:责任编辑|责编|编辑|校对|审核)\s*[:：].{0,30}[)）】\]]$")
FOOT = (
    "版权所有", "版权与免责声明", "版权和免责声明", "主办:", "主办：", "主办单位:", "主办单位：", "承办:", "承办：", "承办单位：", "承办单位:", "网站标识码", "公网安备", "icp备", "icp证",
    "copyright", "all rights reserved", "©", "技术支持:", "技术支持：", "网站地图", "网站声明", "免责声明", "浏览器浏览",
    "最佳分辨率", "建议分辨率", "屏幕分辨率", "显示分辨率", "分辨率下", "分辨率浏览", "最佳浏览", "站点地图", "隐私声明", "隐私政策",
    "维护单位:", "维护单位：", "政府网站找错", "您访问的链接即将离开", "无障碍浏览", "今天是", "凡本站注明", "凡本网注明", "凡本站及其子站注明",
)  # fmt: skip
FOOT_SIGNS = "版办识安pr©支图声览辨隐护错链天凡"  # each of those words has one of these
FOOT_HINT = re.compile(f"[{FOOT_SIGNS}PR]")
FOOT_BY_SIGN = {sign: [word for word in FOOT if next(filter(FOOT_SIGNS.count, word)) == sign] for sign in FOOT_SIGNS}
FORMS = {  # each with the characters that it can begin with: most lines begin with none of them, and the others are tried with one or two
    FURNITURE: "(+-<[apqtwx《「【〖一下中人使保停全关内分加图复大字小微我手打扫推播收文新无暂更朋朗正版用简繁纠继背腾视评语超转返适页顶默（",
    LINE_FURNITURE: " ([【上下信值分前后备字录打扫校浏点热版相网视访责转阅（\t\n\r\f\v",
    EDITORS: "([【一三二信值初复审录校终编责（",
    EDITOR: "([【（",
    COUNTER: "([【下人共已文本浏点被访阅（",
}
NEIGHBOURLY = frozenset("【[（(<上下前后")
FORMS_BY_HEAD = {
    head: tuple(form for form, heads in FORMS.items() if head in heads) for head in {*"".join(FORMS.values()), *NEIGHBOURLY}
}
VAGUE = frozenset({"时间", "日期"})
EVENT = re.compile(  # 地址 is none: a page's foot has it too
    r"^(?:[一二三四五六七八九十]、|\(?\d{1,2}[).、])?(?:会议|活动|培训|考试|报名|开标|庭审|听证|举办|举行|集合)?"
    r"(?:地点|主题|议题|议程|对象|参加人员|出席人员|案由|合议庭)[:：]"
)
LONGEST_FURNITURE, LONGEST_CONTACT = 130, 160  # characters
CONTACT = ("地址", "邮编", "邮政编码", "电话", "传真", "邮箱")
HINT = re.compile(  # what a frame says to its visitor; a short line
    r"浏览器|分辨率|二维码|扫码|扫描关注|微信扫|广告(?:推广|合作|位|服务)?[:：]|(?:flash|acrobat|adobe|pdf)\s?(?:player|reader|播放器|阅读器|插件)|"
    r"(?:点击|正在)(?:收听|播放|加载)|加载中|请稍[候后]|javascript|即将离开|是否继续|"
    r"^\W*(?:放弃|继续访问|确定|确认|取消|提交|重置|同意|不同意|我知道了|关注我们|联系我们|常见问题|网站导航|友情链接|热门搜索|无障碍|长者版|关怀版)\W*$",
    re.IGNORECASE,
)
BRACKETS = "[【(（*| \xa0\u3000"
ORNAMENTS = "▪▫·•●○◦■□◆◇▲△▶▷►»>＞★☆※→◎⊙∙・-—–|｜*"
PAGER = re.compile(
    r"^(?:[<>«»‹›\[\]()（）|/.…,，\s]|共?\d{1,4}(?:页|条|/\d{1,4}页?)?|第\d{1,4}(?:/\d{1,4})?页|首页|尾页|末页|第一页|最后一?页|(?:上|下)一?页|(?:上|下)页|转到|跳转|go)+$"
)
CRUMB = re.compile(
    r"(?:您|你)?(?:现在|当前|目前)?(?:所?在)?(?:的)?位置(?:是)?\s*[:：]?|当前(?:栏目|页面|路径)\s*[:：]|首\s*页\s*(?:&gt;|[>＞»›/·\-→])"
)
CRUMB_HEADS = frozenset("您你现当目所在的位首")
CRUMB_CUT = re.compile(r"\s*(?:-+(?:&gt;|[>＞])|&gt;|[>＞»›→]+|＞＞|>>|\s/\s|\s-\s|\s·\s|\s\|\s|›|»)\s*")


@lru_cache(maxsize=4096)  # a site's boxes are called the same on all its pages
def chrome_of(names: str) -> str | None:
    """The name of a page's frame among an element's id and classes."""
    match = CHROME.search(names)
    return match[0].strip() if match is not None else None


def is_chrome(names: str) -> bool:
    """Does an element's id or class name a part of a page's frame?"""
    return chrome_of(names) is not None


def is_furniture(line: str) -> bool:
    """Buttons, font sizes, share boxes, editors."""
    plain = squeeze(line)
    return 0 < len(plain) <= LONGEST_FURNITURE and is_plain_furniture(plain)


def is_plain_furniture(plain: str) -> bool:
    """The same of a text without white space that is not longer."""
    if plain[0] in ORNAMENTS:
        plain = plain.lstrip(ORNAMENTS) or plain
    if (plain[-1] == "页" or "页" in plain[:24]) and len(plain) <= 80 and PAGER.match(plain):
        return True
    head = key_of(plain[0])[:1]
    forms = FORMS_BY_HEAD.get(head)
    if forms is None:
        return False
    folded = fold(plain)
    if head in NEIGHBOURLY and NEIGHBOUR.match(folded):
        return True
    if len(plain) > 80:
        return False
    return any(form.match(folded) is not None for form in forms)


def without_tools(name: str) -> str:
    """A name without the buttons that stand behind it, each behind a space; empty where it is one itself."""
    while name and is_furniture(last := name.rpartition(" ")[2]):
        name = name[: len(name) - len(last)].rstrip()
    return name


def is_foot(line: str) -> bool:
    """A line of a page's foot: who runs the site, its registrations."""
    if len(line) >= 400 or not (signs := FOOT_HINT.findall(line)):
        return False
    low = line.lower()
    for sign in set(signs):
        for word in FOOT_BY_SIGN[sign.lower()]:
            if word in low:
                return True
    return False


def is_contact(line: str) -> bool:
    """How to reach somebody: who runs the site, or whom a notice names; a line of few characters."""
    return len([word for word in CONTACT if word in line]) >= 2


@lru_cache(maxsize=4096)  # frames say the same on all pages of a site
def is_hint(line: str) -> bool:
    """What a frame tells its visitor: which browser, which code to scan, that something is loading."""
    return len(line) <= 120 and HINT.search(line) is not None


def is_crumb(line: str) -> bool:
    """A breadcrumb."""
    return (
        line[:1] in CRUMB_HEADS
        and len(line) < 200
        and CRUMB.match(line) is not None
        and (len(line) < 8 or len(CRUMB_CUT.split(line)) > 1)
    )


def is_event(lines: Sequence[Line], at: int) -> bool:
    """A bare 时间 beside the line that says where, who or what: a meeting's date, not the notice's."""
    if not is_vague(lines[at].text):
        return False
    near = [*lines[max(0, at - 2) : at], *lines[at + 1 : at + 3]]
    return any(EVENT.match(fold(line.plain[:12])) for line in near)


def is_vague(line: str) -> bool:
    """One label alone, and one that texts use as well: it does not say what was at that time."""
    found = in_facts(line)
    return len(found) == 1 and found[0].label in VAGUE


def is_date_line(line: str) -> bool:
    """A bare date."""
    stamp = read_date(line) if len(line) <= 40 else None
    return stamp is not None and len(stamp.iso) >= 10 and len(squeeze(line)) - len(squeeze(stamp.raw)) <= 4


@lru_cache(maxsize=2048)
def is_fact_line(line: str) -> bool:
    """The line under a title: a labelled date or source, with another label or nothing else of length."""
    if len(line) > 200:
        return False
    found = in_facts(line)
    kept = {item.field for item in found}
    if not kept & {"published", "source"}:
        return False
    size = len(squeeze(line))
    return len(found) >= 2 or ("published" in kept and size <= 32) or (size <= 60 and read_date(line) is not None)


def tells(lines: Sequence[Line], at: int) -> bool:
    """A line of facts, or one of several that stand one below the other: `来源：…` alone over or under a labelled date."""
    line = lines[at]
    if not line.labelled:
        return False
    text = spaced(line)
    if is_fact_line(text):
        return True
    if not is_lone_fact(text):
        return False
    for step in (1, -1):
        for near in range(at + step, at + 4 * step, step):
            if not 0 <= near < len(lines) or not lines[near].labelled:
                break
            other = spaced(lines[near])
            if is_fact_line(other):
                return True
            if not is_lone_fact(other):
                break
    return False


@lru_cache(maxsize=1024)
def is_lone_fact(line: str) -> bool:
    """One label of the line under a title that is no date, and what stands behind it, which is no sentence."""
    if len(line) > 60 or "。" in line:
        return False
    found = in_facts(line)
    return len(found) >= 1 and fold(line.lstrip(BRACKETS))[:1] == found[0].label[:1] and found[0].field != "published"
