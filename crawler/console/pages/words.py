"""What the interface says, in both languages: key → (Chinese, English). Records are never translated."""

LANGUAGES = ("zh", "en")
WORDS: dict[str, tuple[str, str]] = {
    "archive": ("公开", "Gongkai"),
    "skip": ("跳到正文", "Skip to the content"),
    "search": ("检索", "Search"),
    "search.hint": ("检索：词语、文号、机关", "Search: words, document number, office"),
    "nav": ("主导航", "Main"),
    "nav.today": ("今日", "Today"),
    "nav.records": ("记录", "Records"),
    "nav.changes": ("变动", "Changes"),
    "nav.sources": ("来源", "Sources"),
    "nav.health": ("状况", "Health"),
    "nav.about": ("关于", "About"),
    "beijing": ("北京时间", "Beijing time"),
    "proves": ("本馆能证明什么", "What this archive proves"),
    "other.language": ("English", "中文"),
    "not.found": ("没有这一页", "There is no such page"),
}
