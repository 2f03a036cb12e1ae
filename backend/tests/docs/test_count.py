"""At least 95 of 100 code blocks are executed, and the others are listed with their reasons."""

from __future__ import annotations

from tests.docs import count
from tests.docs.pages import Block, Directive


def test_nearly_all_blocks_are_executed():
    blocks = count.code_blocks()
    print(count.summary(blocks))
    assert count.share(blocks) >= count.WANTED, count.summary(blocks)


def test_the_others_are_listed():
    wanted = count.listed(count.code_blocks())
    assert count.LIST.read_text(encoding="utf-8") == wanted, "write it anew: python -m tests.docs.count, in backend/"


def test_each_page_has_its_test():
    from tests.docs.test_blocks import NAMES

    assert {block.page for block in count.code_blocks()} <= set(NAMES)


def test_a_block_that_is_not_run_counts():
    run = Block("docs/a.md", 3, "A", "console", "ls")
    left_out = Block("docs/a.md", 9, "B", "console", "a | b", (Directive("not run", "no engine", 8),))
    assert count.share([run] * 3 + [left_out]) == 0.75
    assert count.summary([run, left_out]) == "2 code blocks: 1 console, 1 not run; 50.0% executed"
    assert count.listed([run, left_out]).endswith(
        "|---|---|---|---|\n| [a.md](../a.md) | B | `a \\| b` | no engine |\n"
    )
