"""What the command line says, in Chinese: one table, looked up by the English sentence that stands in the code.

`--lang zh|en` chooses, else LC_ALL, LC_MESSAGES, LANG, the first that is set. Whatever has no entry is said in English; a test holds that
help, the ledger's kinds and the states of sources have one each, and that no entry is left over. For programs (`--json`, logs) nothing is translated.
"""

import os
from collections.abc import Mapping, Sequence

from crawler.errors import GongkaiError

LANGUAGES = ("zh", "en")
VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")  # POSIX, 8.2: the first that is set and not empty


class _Language:
    """The one that is spoken."""

    chinese = False


def choose(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> None:
    """Speak the language that the options before the command name, else the environment's."""
    named = next((value for name in VARIABLES if (value := environment.get(name))), "")
    for number, word in enumerate(arguments):
        if word == "--lang" and number + 1 < len(arguments):
            named = arguments[number + 1]
        elif word.startswith("--lang="):
            named = word.partition("=")[2]
        elif word == "--":
            break
    _Language.chinese = named.lower().startswith("zh")


def is_chinese() -> bool:
    """Is Chinese spoken?"""
    return _Language.chinese


def said(english: str) -> str:
    """A sentence in the language that is spoken; in English where it has no translation."""
    if not _Language.chinese:
        return english
    from crawler.cli.chinese import chinese

    return chinese(english)


def heads(*english: str) -> list[str]:
    """The heads of a table's columns."""
    return [said(head) for head in english]


def complaint(error: GongkaiError) -> str:
    """What went wrong and the remedy."""
    return f"{said(error.message)}；{said(error.remedy)}" if _Language.chinese and error.remedy else said(str(error))


KINDS = {
    "new": "新增",
    "edit": "修改",
    "attachment": "附件",
    "missing": "未见",
    "gone": "撤下",
    "back": "重现",
    "reread": "重读",
    "health": "状况",
    "withheld": "停止提供",
    "restored": "恢复提供",
}
STATES = {
    "ok": "正常",
    "suspect": "可疑",
    "down": "失效",
    "recovered": "已恢复",
    "paused": "已暂停",
    "off": "未启用",
    "state": "状态",
    "source": "来源",
    "last read": "最近读取",
    "last new": "最近新增",
    "rows/exp": "行数/预期",
    "overdue": "逾期",
}  # `new` is the ledger's as well
HEADINGS = {  # of help itself
    "Usage:": "用法：",
    "Options:": "选项：",
    "Arguments:": "参数：",
    "Commands:": "命令：",
    "Example:": "例：",
    "[default: ": "[默认：",
    "[required]": "[必填]",
    "Show this message and exit.": "显示本说明。",
}
HELP = {
    "As --as text.": "同 --as text。",
    "Of jsonl: with the texts of the documents that notices link to.": "用于 jsonl：并附公告所链附件的文本。",
    "Of the document that the notice links to, by its number in show: A and B are its states.": "公告所链的附件，以其在 show 中的序号：A、B 为其各次状态。",
    "The document that the notice links to, by its number in show.": "公告所链的附件，以其在 show 中的序号。",
    "The documents that notices link to, as files there; none is overwritten.": "公告所链的附件，作为文件写到那里；不覆盖任何文件。",
    "The very bytes of a capture, or of a document that a notice links to.": "一次捕获的原始字节，或公告所链附件的字节。",
    "Keep a document and show nothing of it.": "保留一份文件而完全不提供。",
    "Keep a document and show nothing of it but its id and the reason: no record, no bytes, no title, on no surface.": "保留一份文件，只显示其编号和理由：记录、字节、标题在任何地方都不提供。",
    "Its bytes stay in the archive and are audited, its address is looked at as before. The list pages that may have shown its title are not shown either, as they were while they listed it; other documents of the same work are. Who did it is written beside the WARC files, in withheld.jsonl, which every rebuild and backup takes along: keep the file with them.": "字节留在存档中并照常核查，网址照常查看。可能显示过其标题的列表页，在列出它的那段时间内的快照也不提供；同一公文的其他文件照常提供。由谁所为写在 WARC 文件旁的 withheld.jsonl 中，重建和备份都会带上它：请与 WARC 文件一同保存。",
    "An id or its beginning, or the page's address; none: what is withheld.": "编号或其开头，或网页地址；不给则列出停止提供的文件。",
    "Why; it is shown in the document's place and stands in the ledger.": "理由；显示在文件原处，并记入台账。",
    "Show it again.": "恢复提供。",
    "A checkpoint that was kept; may be given several times.": "保存下来的检查点；可给出多次。",
    "A proof needs only its record and the public key: no archive, no configuration. Without a proof the archive's records are read and compared with checkpoints: those that you kept, or its own. Exit code 0: yes; 1: no, and why.": "验证一份证明只需其记录与公钥：不需要存档，也不需要配置。不给证明时，读取存档的全部记录，与检查点比对：您保存的，或存档自己的。退出码 0：是；1：否，并说明原因。",
    "A proof; none: the archive itself, every record of it.": "一份证明；不给：存档本身的每条记录。",
    "Also that the tree of this earlier checkpoint is the beginning of today's.": "并证明这个较早检查点的树是今日之树的开头。",
    "At its end, open the pages over the demo's archive, until Ctrl-C.": "结束时打开演示存档的页面，直到 Ctrl-C。",
    "Is a proof right? Is the archive what was signed?": "证明是否成立？存档是否仍是所签署的？",
    "Sign what the archive holds today.": "签署存档今日所有的内容。",
    "Take everything that is committed into the tree and sign it: what is printed is worth keeping elsewhere.": "把已提交的全部内容纳入树中并签署：所打印的值得另处保存。",
    "The WARC record; default the file beside the proof.": "WARC 记录；默认为证明旁边的文件。",
    "The proof that a capture was in the archive when a checkpoint was signed, and the record it is about.": "一份存证在检查点签署时已在存档中的证明，以及它所说的记录。",
    "The proof that a capture was in the archive.": "一份存证曾在存档中的证明。",
    "The public key, or a file that holds it; default the archive's own.": "公钥，或存有公钥的文件；默认为存档自己的。",
    "Was this record in the archive when the checkpoint was signed? Is the archive still what was signed?": "检查点签署时这条记录是否在存档中？存档是否仍是所签署的？",
    "Where the proof and the record are written.": "证明与记录写到哪里。",
    "The archive of what governments publish.": "政府公开信息的存档。",
    "Configuration file; default config/gongkai.toml.": "配置文件；默认 config/gongkai.toml。",
    "On stderr what happens, looks too; twice: exchanges.": "在标准错误上报告经过，包括每次查看；写两次：每次交换。",
    "Only warnings on stderr.": "标准错误上只有警告。",
    "How logs are written.": "日志的格式。",
    "Language of help and words; default by LANG.": "帮助与用语的语言；默认由 LANG 决定。",
    "Versions, for a bug report.": "版本，供报告问题时使用。",
    "Install completion for the current shell.": "为当前 shell 安装补全。",
    "Show completion for the current shell, to copy it or customize the installation.": "显示当前 shell 的补全脚本，供复制或自行安装。",
    "A small government site in your machine: crawled, changed behind your back, crawled again.": "在本机演示一个小政府网站：抓取，暗中修改，再抓取。",
    "Where the demo's archive is kept; default a new temporary folder.": "演示存档的位置；默认为新的临时文件夹。",
    "Write config/gongkai.toml, or the file that --config names, with comments, and the columns that come with gongkai, none of them turned on.": "写出带注释的 config/gongkai.toml（或 --config 指明的文件）和随附的栏目，栏目都不启用。",
    "Name and contact are required before anything is fetched.": "填写名称和联系方式之前不会抓取任何东西。",
    "Who asks: sent with every request.": "谁在请求：随每个请求发送。",
    "A page about your crawler, or mailto:you@example.org.": "介绍你的爬虫的网页，或 mailto:you@example.org。",
    "Where config/ is written.": "config/ 写在哪里。",
    "Look at a column and draft its source file. Six requests at most, and one for each redirect and for robots.txt of each further host; nothing is archived.": "查看一个栏目并起草其来源文件。最多六个请求，每次重定向、每个其他主机的 robots.txt 各另加一个；不存档。",
    "The address of a column's list page.": "栏目列表页的地址。",
    "The source's id; default: from the address.": "来源的 id；默认由地址得出。",
    "Print the draft instead of writing it.": "只显示草稿，不写文件。",
    "JSON Lines on stdout and nothing else.": "标准输出上只有 JSON Lines。",
    "Read one list page and three notices of a source; nothing is archived.": "读取某来源的一页列表和三条公告；不存档。",
    "A configured source, turned on or not.": "已配置的来源，启用与否均可。",
    "Save the pages and what was read from them as the source's fixture.": "把页面及所读内容存为该来源的测试样本。",
    "Where fixtures lie; default tests/sources.": "样本的位置；默认 tests/sources。",
    "One-off crawl of sources, or of one address, with progress, to its end.": "一次性抓取若干来源或一个地址，显示进度，直到结束。",
    "Default: every source that is turned on.": "默认：所有启用的来源。",
    "One look at this address and its redirects; may be given again.": "查看此地址及其重定向一次；可多次给出。",
    "With --url: take it as a list.": "与 --url 合用：把它当作列表。",
    "Follow only rows dated this day or later.": "只跟进日期为此日或之后的行。",
    "List pages, at most.": "列表页数的上限。",
    "The daemon: fires every enabled source by its schedule until SIGTERM or Ctrl-C. SIGHUP, or a changed file, is taken over at once.": "守护进程：按时间表抓取每个启用的来源，直到 SIGTERM 或 Ctrl-C。收到 SIGHUP 或文件改变时立即采用新配置。",
    "Only say whether a daemon works on this archive: exit code 0 or 1.": "只报告是否有守护进程在此存档上工作：退出码 0 或 1。",
    "While there is no configuration that can be used, wait for it and say so.": "没有可用的配置时等待，并说明。",
    "Rebuild the database from the WARC files: same documents, versions and ids.": "由 WARC 文件重建数据库：文件、版本和 id 都相同。",
    "The present database, if any, must have been moved away; a rebuild that was interrupted goes on. What is withheld stays so (withheld.jsonl); pauses are not in the WARC files.": "现有数据库须先移走；中断的重建由此继续。停止提供的仍不提供（withheld.jsonl）；暂停不在 WARC 文件中。",
    "Is the archive what was written, and does the database say what it says?": "存档是否仍是当初所写，数据库是否与之一致？",
    "Every file's length and SHA-256, every record's digests, every look and capture both ways. Exit code 0: sound; 1: damage; 3: something could not be checked.": "检查每个文件的长度和 SHA-256、每条记录的摘要，双向核对每次查看与捕获。退出码 0：完好；1：有损坏；3：有未能检查之处。",
    "Only files that were not found sound for so long (30d); so an interrupted audit goes on.": "只查这么久（30d）未确认完好的文件；中断的核查由此继续。",
    "Read so many bytes a second (20MB); default as fast as the disk.": "每秒读取的字节数（20MB）；默认不限。",
    "A folder with copies of the files, or a backup: a damaged one is taken back from there, if its copy is sound.": "存有副本的文件夹，或备份：副本完好时，用它恢复损坏的文件。",
    "The very bytes of a capture.": "一次捕获的原始字节。",
    "A document, ID.N for a version, a capture (c-…), or the page's address.": "文件、版本（ID.N）、捕获（c-…）或网页地址。",
    "A file, or - for standard output.": "文件，或 - 表示标准输出。",
    "Read saved pages; no configuration, nothing is kept.": "读取已保存的网页；不需配置，不作保存。",
    "Saved pages, WARC, ARC and WACZ files, or - for standard input; the bytes say which.": "已保存的网页，WARC、ARC 和 WACZ 文件，或 - 表示标准输入；由内容判别。",
    "Read them as list pages.": "当作列表页读取。",
    "Read text files in the sample notice's layout.": "读取样例公告版式的文本文件。",
    "record, or notice: the sample notice's layout.": "record，或 notice：样例公告的版式。",
    "JSON Lines with file and page_url.": "含 file 与 page_url 的 JSON Lines。",
    "Say why: rules, witnesses, what was left out.": "说明理由：规则、证据、略去的内容。",
    "Find records, newest first. Simplified, traditional and annotated spellings find each other.": "查找记录，新的在前。简体、繁体和注音的写法可以互相找到。",
    'Words, "phrases", OR, -not, (…), title:… source:… issuer:… no:… has:…': "词、“短语”、OR、-排除、(…)、title:… source:… issuer:… no:… has:…",
    "How many are shown.": "显示多少条。",
    "Go on: what the last answer named.": "继续：上次结果给出的标记。",
    "Newest first, or what fits best.": "新的在前，或最相符的在前。",
    "A source's id, or words of its title or of the page's 来源.": "来源的 id，或其名称、页面“来源”中的词。",
    "Published on this day or later: 2024, 2024-05, 2024-05-31.": "此日或之后发布：2024、2024-05、2024-05-31。",
    "Published on this day or earlier.": "此日或之前发布。",
    "成文: a day, month or year, or A..B.": "成文日期：日、月、年，或 A..B。",
    "First seen by the archive: a day, month or year, or A..B.": "存档首次见到：日、月、年，或 A..B。",
    "Only what is so.": "只要处于此状态的。",
    "The beginning of a GB/T 2260 code: 21, 2102, 210200.": "行政区划代码的开头：21、2102、210200。",
    "Only this level of government.": "只要这一级政府。",
    "Words of the 栏目.": "栏目中的词。",
    "Words of the 发文机关.": "发文机关中的词。",
    "Words of the 主题分类.": "主题分类中的词。",
    "Words of the 体裁.": "体裁中的词。",
    "Words of the 有效性.": "有效性中的词。",
    "Only what has one.": "只要有此项的。",
    "What the archive knew then: at the end of a day, or 7d.": "存档当时所知：某日终了时，或 7d。",
    "Also count by source, year, issuer …": "并按来源、年份、发文机关等计数。",
    "One document.": "一份文件。",
    "An id or its beginning, ID.N for a version, or the page's address.": "id 或其开头、版本（ID.N）或网页地址。",
    "record, notice, json or provenance.": "record、notice、json 或 provenance。",
    "A document's versions, ledger lines and looks.": "一份文件的版本、台账记录与查看记录。",
    "An id or its beginning, or the page's address.": "id 或其开头，或网页地址。",
    "What happened, and what did not, newest first. Times are Beijing time.": "发生了什么，没发生什么，新的在前。时间为北京时间。",
    "A span (7d, 12h) or a day (2024-05-31), from its beginning.": "一段时间（7d、12h）或自某日（2024-05-31）起。",
    "Lines after this number of the ledger, oldest first: for who follows it.": "台账此号之后的记录，旧的在前：供持续跟进者使用。",
    "Only lines before this number of the ledger.": "只要台账此号之前的记录。",
    "Only this source.": "只要这个来源。",
    "Only these: new, edit, attachment, missing, gone, back, reread, health, withheld, restored.": "只要这些：new、edit、attachment、missing、gone、back、reread、health、withheld、restored。",
    "Only lines that weigh at least so much (0 to 100).": "只要分量不低于此的记录（0 到 100）。",
    "So many lines at most.": "最多多少行。",
    "Each table of a notice as a CSV file there.": "公告中的每张表在此各存为一个 CSV 文件。",
    "How every source is: last success, last new item, rows, silence; and the daemon, hosts left alone, alarms, the disk.": "每个来源的状况：最近成功、最近新增、行数、沉默；以及守护进程、暂停请求的主机、警报、磁盘。",
    "Times are Beijing time. Exit code 1: something is not well; 3: it cannot be told.": "时间为北京时间。退出码 1：有不正常之处；3：无从得知。",
    "Default: every configured source.": "默认：所有已配置的来源。",
    "Copy database, WARC files and configuration, also while the daemon runs; what an earlier backup there has is not copied again.": "复制数据库、WARC 文件和配置，守护进程运行时也可以；早先备份中已有的不再复制。",
    "The copy is an archive: with GONGKAI_CONFIG, GONGKAI_DATABASE and GONGKAI_ARCHIVE naming what is in it, every command works on it.": "副本本身就是存档：用 GONGKAI_CONFIG、GONGKAI_DATABASE 和 GONGKAI_ARCHIVE 指向它，所有命令都可用。",
    "A folder: a new one, an empty one, or one that holds an earlier backup.": "文件夹：新的、空的，或存有早先备份的。",
    "The whole story of one exchange: robots.txt, name, guard, TLS, request, response, decoding, text, outcome. Keeps nothing.": "一次交换的全过程：robots.txt、域名、地址检查、TLS、请求、回答、解码、文字、结果。不作保存。",
    "Exit code 1 when the outcome is neither good nor a redirect. A daemon that asks the same host knows nothing of it.": "结果既非成功也非重定向时退出码为 1。请求同一主机的守护进程对此并不知情。",
    "An http or https address.": "http 或 https 地址。",
    "One JSON object on stdout and nothing else.": "标准输出上只有一个 JSON 对象。",
    "Pages and API over the archive, until Ctrl-C. Needs GONGKAI_TOKEN, or a file named by GONGKAI_TOKEN_FILE, to be reached from elsewhere, and for whatever changes something.": "存档的网页与 API，直到 Ctrl-C。要从别处访问，或要更改什么，须设 GONGKAI_TOKEN，或由 GONGKAI_TOKEN_FILE 指明文件。",
    "Where; default serve.listen, 127.0.0.1:8080.": "在何处监听；默认 serve.listen，即 127.0.0.1:8080。",
    "While there is no configuration, or no archive yet, wait for it and say so.": "尚无配置或存档时等待，并说明。",
    "Who is told: list, test.": "通知谁：list、test。",
    "Every channel: what it hears of, how far it has heard, what waits and what failed. Exit code 1 when something failed.": "每个渠道：通知什么、通知到哪里、什么在等待、什么失败了。有失败时退出码为 1。",
    "Send one message by a channel, to see that it arrives. Exit code 3 when it was not taken.": "经某渠道发送一条消息，看能否到达。未被接受时退出码为 3。",
    "A configured channel.": "已配置的渠道。",
    "The columns: list, check, enable, disable, pause, resume.": "栏目：list、check、enable、disable、pause、resume。",
    "Every configured source, and what is known of it.": "每个已配置的来源及其已知情况。",
    "Read every source file; errors name file, line and column. Exit code 2 when one is wrong, 1 when two sources are the same column.": "读取每个来源文件；错误指明文件、行、列。有错时退出码为 2，两个来源是同一栏目时为 1。",
    "Turn sources on: writes `enabled = true` into their files, which keep everything else. A daemon that runs takes it over.": "启用来源：在其文件中写入 `enabled = true`，其余不动。运行中的守护进程会采用。",
    "Sources by their ids.": "来源的 id。",
    "All sources of this region and those below it, as 2102 or 210200.": "此地区及其下级的所有来源，如 2102 或 210200。",
    "All sources with this tag.": "带此标签的所有来源。",
    "Turn sources off: writes `enabled = false` into their files, which keep everything else. What was archived of them stays.": "停用来源：在其文件中写入 `enabled = false`，其余不动。已存档的保留。",
    "Stop firing a source until it is resumed; the database and the ledger remember it.": "暂停某来源，直到恢复；数据库与台账都会记下。",
    "Why; it stands in the ledger.": "理由；记入台账。",
    "Fire a paused source again by its schedule, or one in quarantine at once.": "暂停的来源重新按时间表抓取；被隔离的立即抓取。",
    "What is due, what is dead: list, requeue.": "什么到期，什么已放弃：list、requeue。",
    "What is looked at next and when, what is tried again and why, what was given up. Times are Beijing time.": "下一步查看什么、何时，什么要重试、为何，什么已放弃。时间为北京时间。",
    "todo (due or waiting) or dead (given up).": "todo（到期或等待）或 dead（已放弃）。",
    "Only this queue: a host, unless a source names another.": "只要这个队列：即主机，除非来源另有指定。",
    "So many rows at most.": "最多多少行。",
    "Take up again what was given up, with its tries forgotten.": "重新拾起已放弃的，不计先前的尝试。",
    "Rows of frontier list; default: all that were given up.": "frontier list 的行；默认：所有已放弃的。",
    "Only rows whose reason starts so.": "只要理由以此开头的行。",
    "Look at them now instead of leaving them to the daemon.": "立即查看，而不留给守护进程。",
    "Write a commented configuration.": "写出带注释的配置。",
    "Look at a column and draft its source file.": "查看一个栏目并起草其来源文件。",
    "Read one list page and three notices of a source; keep nothing.": "读取某来源的一页列表和三条公告；不作保存。",
    "One-off crawl, with progress, to its end.": "一次性抓取，显示进度，直到结束。",
    "The daemon.": "守护进程。",
    "Rebuild the database from the WARC files.": "由 WARC 文件重建数据库。",
    "Is the archive what was written?": "存档是否仍是当初所写？",
    "Read archived pages again with today's rules; shown first.": "用现行规则重读存档网页；先展示差异。",
    "Read the archive's pages again with today's rules: what every field would be, what documents would come or go.": "用现行规则重读存档中的网页：各字段会变成什么，哪些文件会增加或不再读出。",
    "Only pages that other rules have read. Nothing is fetched, and without --apply no document is changed. An interrupted one goes on where it stood: how far it came is written in the archive, with --apply or without.": "只重读由别的规则读过的网页。不抓取任何内容；不加 --apply 不改动任何文件。中断后从原处继续：进度写在存档中，有无 --apply 都一样。",
    "Take in what others have captured: WARC, ARC, WACZ, saved pages.": "收入他人捕获的内容：WARC、ARC、WACZ、保存的网页。",
    "Take in what others have captured, as looks at their own times: records, versions and take-downs come out as if we had looked then.": "把他人捕获的内容按其原有时间收入：记录、版本和撤下与当时亲自查看无异。",
    "Who made a file, with what, its name and SHA-256 are kept with each look. What is here already is not taken twice; what is no page is counted by reason. Of what is older than what is known of its address nothing becomes a version: it is kept as evidence.": "每次查看都记下文件由谁、用什么制作，及其文件名和 SHA-256。已有的不会重复收入；不是网页的按原因计数。比该地址已知内容更早的不成为版本，只作为证据保存。",
    "WARC, ARC and WACZ files, saved pages, folders of them.": "WARC、ARC、WACZ 文件，保存的网页，或存放这些的文件夹。",
    "Whose pages these are; default the column of their host, else one made for their site.": "这些网页属于哪个来源；默认是其主机所属的栏目，否则为该网站新建一个。",
    "Only of this source; may be given again.": "只限此来源；可多次给出。",
    "Only pages captured since then: 7d, 12h, or a day.": "只限此后捕获的网页：7d、12h 或某日。",
    "Keep what is read now: lines `reread` in the ledger, never an edit.": "保留现在读出的内容：台账记为重读（reread），绝不记为修改。",
    "Read saved pages; keeps nothing.": "读取已保存的网页；不作保存。",
    "Find records.": "查找记录。",
    "A document's versions, looks and ledger lines.": "一份文件的版本、查看记录与台账记录。",
    "What happened, and what did not.": "发生了什么，没发生什么。",
    "How every source is, and what is wrong with it.": "每个来源的状况和问题。",
    "A copy of database and archive, also while the daemon runs.": "数据库与存档的副本，守护进程运行时也可以。",
    "The whole story of one exchange; keeps nothing.": "一次交换的全过程；不作保存。",
    "Pages and API over the archive.": "存档的网页与 API。",
    "A file that is there is replaced when everything is written, and not before. Beside it stand FILE.manifest.json, what it was made of, and FILE.datapackage.json, its description.": "已有的文件在全部写完之后才被替换。旁边有 FILE.manifest.json（由什么生成）和 FILE.datapackage.json（说明）。",
    "A version; by default the last but one.": "一个版本；默认为倒数第二个。",
    "Another; by default the last.": "另一个版本；默认为最后一个。",
    "Ask in SQL, read-only, over the views.": "用 SQL 查询视图，只读。",
    "Ask in SQL, read-only, over the views: v_documents, v_versions, v_looks, v_captures, v_changes, v_sources.": "用 SQL 查询视图，只读：v_documents、v_versions、v_looks、v_captures、v_changes、v_sources。",
    "Every version, not only the current one.": "每个版本，而不只是当前版本。",
    "Evidence: a folder that pywb shows.": "证据：可由 pywb 显示的文件夹。",
    "Evidence: an index of the archive's captures, sorted.": "证据：存档中捕获的索引，已排序。",
    "Evidence: one WACZ file, for ReplayWeb.page.": "证据：一个 WACZ 文件，供 ReplayWeb.page 使用。",
    "Evidence: the WARC records in a bag (BagIt).": "证据：装在 BagIt 包中的 WARC 记录。",
    "Evidence: the looks' WARC records, to a folder.": "证据：查看的 WARC 记录，写入文件夹。",
    "How much the archive holds, and of what.": "存档有多少内容，都是什么。",
    "How much there is, and of what.": "有多少内容，都是什么。",
    "How to cite a document, with its evidence.": "如何引用一份文件，附其证据。",
    "How to cite a document: one version, as it was captured.": "如何引用一份文件：捕获时的某个版本。",
    "In two columns.": "分两栏显示。",
    "Keep what was written when interrupted; called again, go on there.": "中断时保留已写的；再次调用时由此继续。",
    "Of changes: behind this line; the last manifest's cursor.": "对变化：此行之后的；即上次清单的游标。",
    "Of csv: the mark by which spreadsheets know UTF-8.": "对 csv：写 UTF-8 标记。",
    "One SELECT; without it they are read from a prompt.": "一条 SELECT；不给则从提示符读取。",
    "Published on this day or earlier; of evidence: looks until then.": "此日或之前发布；对证据：截至此日的查看。",
    "Published on this day or later; of evidence: looks from then on, also 7d.": "此日或之后发布；对证据：从此时起的查看，也可写 7d。",
    "Records as JSON Lines, CSV, Parquet or one SQLite file, ordered by id, narrowed as a search is; or the evidence itself.": "记录写成 JSON Lines、CSV、Parquet 或一个 SQLite 文件，按 id 排序，可像查找一样筛选；或证据本身。",
    "Records, versions or changes, for other programs.": "把记录、版本或变化交给其他程序。",
    "So long at most.": "最长时间。",
    "The file alone, without manifest and descriptor.": "只要文件，不要清单和说明。",
    "What differs between two versions of a document. Exit code 1: something does.": "一份文件的两个版本有何不同。退出码 1：有不同。",
    "What differs between two versions, word by word.": "两个版本逐词比较。",
    "What happened: create, edit, gone, back, withhold …": "发生了什么：create、edit、gone、back、withhold……",
    "jsonl: whole records; csv: a line each; parquet; sqlite.": "jsonl：完整记录；csv：每条一行；parquet；sqlite。",
    "payload: as a reader has it, decoded; response: as it came; text: in UTF-8, also of a PDF, Office or OFD file.": "payload：解码后的内容；response：收到时的原样；text：UTF-8 文本，也可取自 PDF、Office 或 OFD 文件。",
    "text, english, gb7714 (GB/T 7714-2015), csl (CSL-JSON).": "格式：text、english、gb7714（GB/T 7714-2015）、csl（CSL-JSON）。",
}  # fmt: skip
CHINESE = {**KINDS, **STATES, **HEADINGS, **HELP}
