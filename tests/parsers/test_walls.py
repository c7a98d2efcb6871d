"""Walls in words, of any length, whatever the address carries; and notices that speak of the same things."""

import pytest

from crawler.fetcher.outcomes import outcome_of
from crawler.model import Kind, Outcome, Page, PageKind
from crawler.parsers.page import read
from crawler.record.rules import ReadRules

URL = "http://www.yunxi.example/zwgk/202405/t20240506_1.html"
WALLS = {
    "a firewall": "<h1>网站防火墙</h1><p>您的请求带有不合法参数，已被网站管理员设置拦截！</p><p>可能原因：您提交的内容包含危险的攻击请求</p><p>您的IP：10.1.2.3</p>",
    "an attack": "<title>访问被拦截</title><div>很抱歉，由于您访问的URL有可能对网站造成安全威胁，您的访问被阻断。</div><div>您的IP地址是：10.1.2.3</div><div>事件ID：5f3e2a1b9c</div>",
    "suspected": "<p>您的访问疑似黑客攻击，已被拦截。</p><p>事件ID: 20240506-0001</p><p>如有疑问请联系管理员</p>",
    "an event": "<h2>安全防护</h2><ul><li>当前请求存在异常行为，已被防护系统拦截</li><li>客户端IP：10.1.2.3</li><li>请求ID：abc123</li><li>时间：2024-05-06 09:30:00</li></ul>",
    "too often": "<p>您的访问过于频繁，已被安全策略限制，请稍后再试。</p><p>您的IP：10.1.2.3</p>",
    "English": "<h1>Access Denied</h1><p>Your request was blocked by the web application firewall.</p><p>Your IP: 10.1.2.3</p><p>Request ID: 12345abc</p>",
    "English, a number": "<h1>Sorry, you have been blocked</h1><p>This website is using a security service to protect itself from online attacks.</p><p>Ray ID: 7f1234abcd</p>",
    "a blocked address": "<h3>拒绝访问</h3><p>IP地址 10.1.2.3 已被封禁，疑似恶意扫描。</p><p>拦截编号：88123</p>",
}
FILL = "<p>为保障网站的安全运行，本站启用了防护措施，对不符合规则的访问会自动处理，由此给您带来的不便敬请谅解，感谢您的理解与支持。</p>"


@pytest.mark.parametrize("times", [0, 3, 40])
@pytest.mark.parametrize("name", WALLS)
def test_a_wall_of_any_length_is_a_challenge_whatever_its_address(name: str, times: int) -> None:
    body = f"<html><head><meta charset='utf-8'></head><body>{WALLS[name]}{FILL * times}</body></html>".encode()
    for kind in (Kind.DETAIL, Kind.LIST):
        assert read(Page(URL, 200, (), body, 0), kind, ReadRules(), URL).page_kind is PageKind.CHALLENGE
    for status in (403, 405, 503, 400):
        assert outcome_of(status, {}, conditional=False, body=body)[0] is Outcome.BLOCKED


HEAD = "<div>当前位置：<a href='/'>首页</a> &gt; 通知公告</div><h1>{}</h1><div>发布时间：2024-05-06 来源：云溪县网信办</div>"
NOTICES = {
    "of firewalls": HEAD.format("关于开展网络安全检查的通知") + "<p>各单位要检查防火墙、WAF等设备，对疑似黑客攻击的IP地址及时拦截，事件ID要记录在案，请求ID：示例1。</p><p>有关情况请及时联系管理员，异常访问要阻断。</p>" + "<p>各单位要高度重视，认真组织实施，确保各项措施落到实处。</p>" * 3,
    "of attacks": HEAD.format("云溪县网络攻击应急预案") + "<p>发生攻击时，应当封禁来源IP：10.1.2.3，并拒绝访问请求，防火墙日志编号：12345 应当保存。</p>" + "<p>本预案自发布之日起施行，由县网信办负责解释。</p>" * 3,
    "of a purchase": "<meta name='ArticleTitle' content='云溪县防火墙采购公告'><h1>云溪县防火墙采购公告</h1><p>2024-05-06</p><p>采购防火墙两台，具备拦截恶意请求、阻断攻击、记录请求ID：001、客户端IP的功能。</p>" + "<p>请于五月二十日前报名，逾期不予受理，特此公告。</p>" * 3,
}  # fmt: skip


@pytest.mark.parametrize("name", NOTICES)
def test_a_notice_that_speaks_of_walls_is_one(name: str) -> None:
    body = f"<html><head><meta charset='utf-8'></head><body>{NOTICES[name]}</body></html>".encode()
    assert read(Page(URL, 200, (), body, 0), Kind.DETAIL, ReadRules(), URL).page_kind is PageKind.NOTICE


@pytest.mark.parametrize(
    "inner",
    [
        "<p>系统维护中。</p>",
        "<h1>云溪县人民政府</h1><p>欢迎您的访问，本站正在升级改造之中。</p>",
        "<p>请开启浏览器的脚本功能之后再访问本网站。</p>",
    ],
)
def test_a_date_in_the_address_alone_makes_no_notice(inner: str) -> None:
    body = f"<html><head><meta charset='utf-8'></head><body>{inner}</body></html>".encode()
    assert read(Page(URL, 200, (), body, 0), Kind.DETAIL, ReadRules(), URL).notices == ()
