"""What the configuration says, asked by a source's id or by an address. Pure, and never changed: another configuration is another policy."""

from collections.abc import Mapping

from crawler.config.load import place
from crawler.config.values import Config, Source
from crawler.model import Expect, Millis
from crawler.parsers.attached.limits import Limits
from crawler.parsers.media import KINDS
from crawler.parsers.version import rules_version
from crawler.pipeline import columns
from crawler.politeness.budget import Budget
from crawler.politeness.worker import Pacing, strictest
from crawler.record.notice import Attachment
from crawler.record.rules import ReadRules
from crawler.repository.runs import SourceRow
from crawler.repository.settings import Settings
from crawler.text import urls

AD_HOC = "adhoc"  # the source of single addresses
NO_RULES = ReadRules()


class Policy:
    """How sources are read, in which queues they stand, how fast and when they are asked, what they may cost and what they promise."""

    def __init__(self, config: Config, before: "Policy | None" = None) -> None:
        """`before`: the policy until now; a source whose file has been broken since is read, where pages of it are on their way, as it was."""
        self.config = config
        self._was = {name: source for name in config.broken if before is not None and (source := before.source(name)) is not None}
        self.expectations: Mapping[str, Expect] = {name: source.expect for name, source in config.sources.items()}
        self._versions: dict[str, str] = {}
        self._queues = {
            (source.id, urls.host(start.url)): source.politeness.queue
            for source in config.sources.values()
            for start in source.addresses
            if source.politeness.queue
        }
        self._pauses = strictest([pause for source in config.sources.values() for pause in self._pauses_of(source)])

    def source(self, name: str) -> Source | None:
        """The source of that id; None for single addresses and for what was configured once."""
        return self.config.sources.get(name) or self._was.get(name)

    def source_rows(self) -> list[SourceRow]:
        """Every source as the database knows it."""
        rows = [
            SourceRow(source.id, source.title, source.digest, source.enabled, source.region, source.level)
            for source in self.config.sources.values()
        ]
        return [*rows, SourceRow(AD_HOC, "single addresses", "", enabled=False)]

    def settings(self) -> Settings:
        """All that the database is brought to."""
        starts = {urls.key(start): source.id for source in self.config.sources.values() for start in source.addresses}
        return Settings(self.source_rows(), starts, self.config.broken.keys(), self.queue)

    # -------------------------------------------------------------- how pages are read
    def rules(self, name: str) -> ReadRules:
        """How pages of a source are read."""
        source = self.source(name)
        return source.read if source else NO_RULES

    def limits(self) -> Limits:
        """How much of a document that a notice links to is read, and whether pictures are."""
        return Limits(ocr=self.config.attachments.ocr)

    def version(self, name: str) -> str:
        """The version of everything that reads a source's pages today."""
        if name not in self._versions:
            self._versions[name] = rules_version(self.rules(name))
        return self._versions[name]

    def beyond(self, name: str, url: str) -> int | None:
        """How many hosts beyond a source's site a run of it may be led to, where this address is at such a one; None: it is within the site."""
        source = self.source(name)
        if source is None or any(columns.within(url, start.url, source.read.list) for start in source.addresses):
            return None
        return source.read.list.other_hosts

    def place(self, name: str, complaint: str) -> str:
        """`file:line:column` of the key that a complaint begins with, in its source's file."""
        file = self.config.path.parent / "sources" / f"{name}.toml"
        return place(file, tuple(complaint.partition(":")[0].split(".")))

    # -------------------------------------------------------------- what notices link to
    def unfetched(self, name: str, found: Attachment) -> str | None:
        """Why a document that a notice of this source links to is not fetched; None: it is."""
        source = self.source(name)
        wanted = (source.attachments if source else self.config.attachments).endings
        if found.url is None or not urls.is_http(found.url):
            return "no address"
        if wanted is None:
            return None
        if not wanted:
            return "attachments.fetch is none"
        if found.media_type is None:
            return "its type is not known from its name, and attachments.fetch lists types"
        types = {KINDS[ending] for ending in wanted}
        return None if found.media_type in types else f"{found.media_type} is not among attachments.fetch"

    # -------------------------------------------------------------- how hosts are asked
    def queue(self, name: str, url: str) -> str:
        """The politeness key: the source's own for the hosts it starts on, else the host."""
        host = urls.host(url)
        return self._queues.get((name, host), host)

    def pause(self, queue: str) -> Millis:
        """The least pause of a queue: the strictest source that uses it."""
        return self._pauses.get(queue, self.config.network.delay_ms)

    def pacing(self, agent: str) -> Pacing:
        """All that the holder of a queue must know, who calls itself `agent` in robots.txt."""
        network = self.config.network
        hours = {source.id: source.politeness.window for source in self.config.sources.values() if source.politeness.window}
        return Pacing(self._pauses, network.delay_ms, network.deadline_ms / 1000, agent, hours)

    def budget(self, name: str) -> Budget:
        """What one run of a source may take."""
        source = self.source(name)
        return source.budget if source else self.config.budget

    def _pauses_of(self, source: Source) -> list[tuple[str, Millis]]:
        own = source.politeness.delay_ms
        pause = self.config.network.delay_ms if own is None else own
        return [(self.queue(source.id, start.url), pause) for start in source.addresses]
