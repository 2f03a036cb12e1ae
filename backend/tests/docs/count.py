"""How many of the pages' code blocks are executed, and the list of those that are not.

    python -m tests.docs.count    # in backend/: prints the numbers and writes docs/reference/code_blocks.md anew

Executed are blocks that run, and excerpts that are compared with a file that tests run. `text` is output or a picture
of folders, and no code; it is not counted.
"""

from __future__ import annotations

from collections import Counter

from tests.docs.pages import DOCS, OUTPUT, RUN, Block, pages, read

LIST = DOCS / "reference" / "code_blocks.md"
WANTED = 0.95

HEAD = """# Code blocks that no test runs

Each code block of these pages is run by the tests, from top to bottom of its page, on a real server and in a copy of the repository;
or it is an excerpt that is compared with a file that tests run. [How that works](../../backend/tests/docs/README.md) is written for
authors. At least 95 of 100 blocks must be executed. These are not:

| page | section | begins with | why not |
|---|---|---|---|
"""


def code_blocks() -> list[Block]:
    return [block for path in pages() for block in read(path).blocks if block.language != OUTPUT]


def unexecuted(blocks: list[Block]) -> list[Block]:
    """Return the blocks that nobody runs; reading a page has refused those that give no reason."""
    return [block for block in blocks if block.said("not run")]


def share(blocks: list[Block]) -> float:
    """Return the share of the blocks that are executed, from 0 to 1."""
    return 1 - len(unexecuted(blocks)) / len(blocks)


def summary(blocks: list[Block]) -> str:
    """Return the numbers, by the way in which blocks are executed."""
    ways = Counter(
        "not run" if block.said("not run") else "excerpts" if block.said("from") or block.snippet else block.language
        for block in blocks
    )
    said = ", ".join(f"{ways[way]} {way}" for way in (*RUN, "excerpts", "not run") if ways[way])
    return f"{len(blocks)} code blocks: {said}; {share(blocks):.1%} executed"


def listed(blocks: list[Block]) -> str:
    """Return the page that lists the blocks that are not executed."""
    return HEAD + "".join(_row(block) for block in unexecuted(blocks))


def _row(block: Block) -> str:
    page = block.page.removeprefix("docs/")
    first = next(line for line in block.text.splitlines() if line.strip()).replace("|", "\\|")
    return f"| [{page}](../{page}) | {block.section} | `{first}` | {block.said('not run')} |\n"


def main() -> None:
    blocks = code_blocks()
    LIST.write_text(listed(blocks), encoding="utf-8")
    print(summary(blocks))


if __name__ == "__main__":
    main()
