"""Covariates, good ends and scales on public contact logs; skipped where the files are not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from planner.history import History, load_history, stitch_issues
from planner.history.before import history_with_covariates
from planner.history.confounders import useful_covariates
from planner.history.polarity import polarity_doubts
from planner.history.precedes import check_precedes

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("PLANNER_EVAL_DATA") or ROOT.parent / "shared" / "data")

pytestmark = [
    pytest.mark.evaluation,
    pytest.mark.skipif(not DATA.is_dir(), reason="set PLANNER_EVAL_DATA to the folder of the evaluation data"),
]


def opened(name: str, tmp_path: Path, more: str = "", change: tuple[str, str] = ("", "")) -> History:
    path = DATA / f"{name}.parquet"
    if not path.exists():
        pytest.skip(f"{path.name} is not in the evaluation data")
    text = (ROOT / "scenarios" / "mappings" / f"{name}.yaml").read_text(encoding="utf-8")
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(text.replace(*change) + more, encoding="utf-8")
    return load_history(path, mapping, salt="evaluation")


def test_the_shop_is_not_doubted_and_turned_round_it_is(tmp_path: Path) -> None:
    shop = opened("shopzilla_csat", tmp_path)
    assert not [text for text in shop.quality.warnings if text.startswith("csat")]
    assert polarity_doubts(stitch_issues(shop, 7), shop.quality.declared) == ()
    turned = opened("shopzilla_csat", tmp_path, change=("csat: [1, 5]", "csat: {low: 1, high: 5, better: low}"))
    doubts = [text for text in turned.quality.warnings if text.startswith("csat")]
    assert len(doubts) == 1
    assert "falls with the wait (correlation -0.20" in doubts[0]


def test_prices_of_the_shop_pass_and_handle_times_do_not(tmp_path: Path) -> None:
    more = "covariates: {item_price: item_price, handle_min: handle_s}\n"
    shop = opened("shopzilla_csat", tmp_path, more)
    found = {issue.path for issue in check_precedes(shop, ["item_price", "handle_min"])}
    assert found == {"covariates.handle_min"}
    chosen = useful_covariates(shop, outcome="csat", declared=["item_price"])
    table = chosen.table.set_index("covariate")
    # Four fifths have no price; it goes with the score, not with the channel: no confounder, but declared.
    assert table.loc["item_price", "p_outcome"] < 1e-4
    assert table.loc["item_price", "p_choice"] > 0.1
    assert chosen.names == ("item_price",)


def test_the_shop_has_no_customers_and_the_bank_no_second_channel(tmp_path: Path) -> None:
    shop = history_with_covariates(opened("shopzilla_csat", tmp_path))
    assert useful_covariates(shop, outcome="csat").names in ((), ("hour",))
    bank = history_with_covariates(opened("bank_calls_feb1999", tmp_path))
    assert "digital_90d" not in bank.covariates
    assert any("only one channel (voice)" in note for note in bank.quality.notes)
    assert useful_covariates(bank, outcome="abandoned").names == ()
    frame = bank.contacts.select("customer_id", "contacts_30d", "tenure_days").execute()
    known = frame["customer_id"].notna()
    assert (frame["contacts_30d"].notna() == known).all()
    # All of it lies within 30 days: the k-th call of a customer has k - 1 before it, but for calls of one second.
    total = known.sum() - frame["customer_id"].nunique()
    assert frame.loc[known, "tenure_days"].max() < 28
    assert 0.99 < (frame["contacts_30d"] > 0).sum() / total <= 1.0
