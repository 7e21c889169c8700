"""M/M/n+G against quadrature of its density, its exact special cases, and the laws that patience comes from."""

import math

import numpy as np
import pytest
from scipy.integrate import cumulative_simpson, quad, simpson
from scipy.special import erf
from scipy.stats import gamma, lognorm, weibull_min

from solvers.queueing import PatienceCurve, agents_required, loss_probability, waiting
from solvers.queueing.service_spread import gamma_gini, lognormal_gini, sample_gini, service_scale

FIELDS = ("p_wait", "asa_s", "asa_answered_s", "service_level", "abandon_rate", "occupancy", "queue_length")
KM_TIME = np.array([0.0, 5, 12, 13, 40, 90, 200, 350])
KM_SURVIVAL = np.array([0.97, 0.9, 0.82, 0.8, 0.61, 0.42, 0.2, 0.05])


def by_quadrature(survival, arrivals, aht, agents, within, breaks, end, points=40_001):
    """Simpson's rule between the breaks of the survival curve, on the density as it is written in the books."""
    edges = np.unique(np.r_[0.0, breaks[(breaks > 0) & (breaks < end)], within, end])
    pieces = []
    area = 0.0
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        v = np.linspace(low, high, points)
        alive = survival(np.r_[v[0] + 1e-12, v[1:-1], v[-1] - 1e-12])
        total = area + cumulative_simpson(alive, x=v, initial=0)
        area = total[-1]
        pieces.append((v, alive, total))
    exponent = [arrivals * total - agents / aht * v for v, _, total in pieces]
    peak = max(piece.max() for piece in exponent)

    def integral(weight, until=math.inf):
        parts = zip(pieces, exponent, strict=True)
        return sum(simpson(weight(*p) * np.exp(e - peak), x=p[0]) for p, e in parts if p[0][-1] <= until)

    mass = integral(lambda v, alive, total: np.ones_like(v))
    p_wait = arrivals * mass / (math.exp(-peak) / loss_probability(arrivals * aht, agents - 1) + arrivals * mass)
    lost = p_wait * integral(lambda v, alive, total: 1 - alive) / mass
    wait = p_wait * integral(lambda v, alive, total: total) / mass
    served = p_wait * integral(lambda v, alive, total: v * alive) / mass
    level = 1 - p_wait + p_wait * integral(lambda v, alive, total: alive, within) / mass
    occupancy = arrivals * aht * (1 - lost) / agents
    return p_wait, wait, served / (1 - lost), level, lost, occupancy, arrivals * wait


@pytest.mark.parametrize(("arrivals", "agents"), [(0.1, 31), (0.1, 28), (0.11, 26), (0.02, 5), (0.003, 1)])
def test_kaplan_meier_curve_is_exact(arrivals, agents):
    curve = PatienceCurve.kaplan_meier(KM_TIME, KM_SURVIVAL, tail_hazard_per_s=0.01)
    found = waiting(arrivals, 300, agents, patience_s=curve, answer_within_s=20)
    expected = by_quadrature(curve.survives, arrivals, 300, agents, 20.0, KM_TIME, 6000.0)
    for name, value in zip(FIELDS, expected, strict=True):
        assert getattr(found, name) == pytest.approx(value, rel=2e-8), name


@pytest.mark.parametrize("agents", [22, 30, 36])
@pytest.mark.parametrize(
    ("law", "curve"),
    [
        (lognorm(1.1, scale=150), PatienceCurve.lognormal(lognorm(1.1, scale=150).mean(), math.sqrt(math.expm1(1.21)))),
        (weibull_min(2.0, scale=200), PatienceCurve.weibull(weibull_min(2.0, scale=200).mean(), 2.0)),
        (weibull_min(0.7, scale=200), PatienceCurve.weibull(weibull_min(0.7, scale=200).mean(), 0.7)),
    ],
)
def test_smooth_patience(law, curve, agents):
    assert curve.mean_s == pytest.approx(law.mean(), rel=1e-4)
    found = waiting(0.1, 300, agents, patience_s=curve, answer_within_s=20)
    expected = by_quadrature(law.sf, 0.1, 300, agents, 20.0, np.geomspace(1e-3, 500, 12), 3000.0, 4001)
    for name, value in zip(FIELDS, expected, strict=True):
        assert getattr(found, name) == pytest.approx(value, rel=2e-5), name


@pytest.mark.parametrize("gini", [0.5, 0.3, 0.62])
def test_exponential_curve_is_erlang_a(gini):
    """Both ways of computing it, in every regime, with the correction for service too."""
    rng = np.random.default_rng(5)
    agents = rng.uniform(0, 120, 400).round(1)
    load = agents * rng.uniform(0.3, 1.8, 400) + 0.1
    for mean in (30.0, 300.0, 9000.0):
        curve = waiting(load / 300, 300, agents, patience_s=PatienceCurve.exponential(mean), service_gini=gini)
        direct = waiting(load / 300, 300, agents, patience_s=mean, service_gini=gini)
        for name in FIELDS:
            np.testing.assert_allclose(getattr(curve, name), getattr(direct, name), rtol=2e-9, atol=1e-12, err_msg=name)


def test_endless_patience_is_erlang_c():
    agents = [0, 20, 40, 47.5, 48, 50, 60.3]
    curve = waiting(0.8, 60, agents, patience_s=PatienceCurve.exponential(math.inf))
    direct = waiting(0.8, 60, agents)
    for name in FIELDS:
        np.testing.assert_allclose(getattr(curve, name), getattr(direct, name), rtol=1e-11, err_msg=name)


def test_some_who_never_leave():
    """Stable as long as those who never leave are fewer than can be served."""
    curve = PatienceCurve.kaplan_meier([30.0, 60.0], [0.7, 0.5])
    case = waiting(0.8, 60, [20, 23, 24, 25, 30, 60], patience_s=curve)
    assert np.isinf(case.asa_s).tolist() == [True] * 3 + [False] * 3
    np.testing.assert_allclose(case.abandon_rate[:3], 0.5)
    assert (case.occupancy[:4] > 0.99).all()
    assert (np.diff(case.abandon_rate) <= 0).all()
    assert not np.isnan(np.stack([case.service_level, case.p_wait, case.asa_answered_s])).any()


def scan_by_curve(load, patience, gini, promises):
    agents = np.arange(1, 250)[:, None]
    case = waiting(load / 300, 300, agents, patience_s=patience, service_gini=gini, answer_within_s=15)
    kept = load <= agents * promises["max_occupancy"] * (1 + 1e-12)
    kept &= case.service_level >= promises["service_level"]
    kept &= (case.asa_s <= promises["asa_s"]) & (case.abandon_rate <= promises["abandon_rate"])
    kept &= case.asa_answered_s <= promises["asa_answered_s"]
    return kept.argmax(axis=0) + 1


@pytest.mark.parametrize("gini", [0.5, 0.35])
@pytest.mark.parametrize("patience", [PatienceCurve.kaplan_meier(KM_TIME, KM_SURVIVAL), 240.0])
def test_agents_required_by_a_curve_equals_linear_scan(patience, gini):
    rng = np.random.default_rng(8)
    load = np.exp(rng.uniform(np.log(0.2), np.log(90), 60))
    promises = {
        "service_level": rng.uniform(0.3, 0.95, 60),
        "asa_s": rng.uniform(5, 200, 60),
        "asa_answered_s": rng.uniform(5, 200, 60),
        "abandon_rate": rng.uniform(0.02, 0.5, 60),
        "max_occupancy": rng.uniform(0.7, 1.3, 60),
    }
    found = agents_required(load / 300, 300, patience_s=patience, service_gini=gini, answer_within_s=15, **promises)
    np.testing.assert_array_equal(found, scan_by_curve(load, patience, gini, promises))
    alone = agents_required([0.0, 0.1], 300, patience_s=patience, service_gini=gini, abandon_rate=0.05)
    assert alone[0] == 0
    assert alone[1] == scan_by_curve(
        np.array([30.0]),
        patience,
        gini,
        {**dict.fromkeys(promises, 1e9), "abandon_rate": 0.05, "service_level": 0, "max_occupancy": 1.0},
    )


def test_nobody_patient_is_a_loss_system():
    curve = PatienceCurve.kaplan_meier([0.0], [0.0])
    case = waiting(0.8, 60, [30, 48, 60], patience_s=curve)
    np.testing.assert_allclose(case.abandon_rate, loss_probability(48, [30, 48, 60]), rtol=1e-12)
    np.testing.assert_allclose(case.asa_s, 0, atol=1e-12)


def test_fixed_patience_against_its_closed_form():
    """M/M/n+D: f(v) ∝ e^{(λ−c)v} up to D, e^{(λD−cv)} after."""
    curve = PatienceCurve.kaplan_meier([90.0], [0.0])
    arrivals, agents, aht = 0.8, 45, 60
    c = agents / aht
    early = math.expm1((arrivals - c) * 90) / (arrivals - c)
    late = math.exp((arrivals - c) * 90) / c
    p_wait = arrivals * (early + late) / (1 / loss_probability(48, 44) + arrivals * (early + late))
    case = waiting(arrivals, aht, agents, patience_s=curve)
    assert case.p_wait == pytest.approx(p_wait, rel=1e-12)
    assert case.abandon_rate == pytest.approx(p_wait * late / (early + late), rel=1e-12)


def test_gini_coefficients():
    rng = np.random.default_rng(6)
    sigma = math.sqrt(math.log1p(1.2**2))
    assert lognormal_gini(1.2) == pytest.approx(erf(sigma / 2))
    np.testing.assert_allclose(
        service_scale(lognormal_gini([0.5, 0.8, 1, 1.2, 1.5])), [0.81, 0.9, 0.96, 1, 1.05], atol=6e-3
    )
    assert gamma_gini(1.0) == pytest.approx(0.5)
    for law, gini in ((lognorm(sigma), lognormal_gini(1.2)), (gamma(4.0), gamma_gini(0.5))):
        assert sample_gini(law.rvs(200_000, random_state=rng)) == pytest.approx(gini, abs=4e-3)
        lorenz = quad(lambda p, law=law: law.ppf(p) * (2 * p - 1), 0, 1, limit=200)[0] / law.mean()
        assert lorenz == pytest.approx(gini, rel=1e-4)


def test_spread_of_service_moves_waits_but_not_the_chance_to_wait():
    even, spread = (waiting(0.8, 60, 47, patience_s=100, service_gini=gini) for gini in (0.3, 0.6))
    assert even.p_wait == spread.p_wait
    assert even.service_level == spread.service_level
    assert even.asa_s < waiting(0.8, 60, 47, patience_s=100).asa_s < spread.asa_s
    np.testing.assert_allclose(spread.abandon_rate, spread.asa_s / 100, rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: PatienceCurve.kaplan_meier([1, 2, 2], [0.9, 0.8, 0.7]), r"time_s\[2\] = 2 — must be above"),
        (lambda: PatienceCurve.kaplan_meier([1, 2], [0.9, 0.95]), r"survival\[1\] = 0.95 — must be at most"),
        (lambda: PatienceCurve.kaplan_meier([1, 2], [0.9]), r"time_s \(2,\), survival \(1,\)"),
        (lambda: PatienceCurve.kaplan_meier([1, np.nan], [0.9, 0.8]), r"time_s\[1\] = nan"),
        (lambda: PatienceCurve.log_linear([0, 5], [1.0, 0.0]), r"survival\[1\] = 0 "),
        (lambda: PatienceCurve.log_linear([0, 5, 9], [1.0, 0.5, 0.6]), r"survival\[2\] = 0.6 — must be at most"),
        (lambda: PatienceCurve.lognormal(0, 1), "mean_s = 0"),
        (lambda: PatienceCurve.weibull(60, -1), "shape = -1"),
        (lambda: PatienceCurve(np.array([1.0]), np.ones(1), np.ones(1)), r"start_s\[0\] = 1 — must be 0"),
        (lambda: waiting(0.1, 60, 7, service_gini=0.6), "service_gini = 0.6 — must be 0.5 where nobody abandons"),
        (lambda: waiting(0.1, 60, 7, patience_s=60, service_gini=1), r"service_gini = 1 — must be in \[0, 1\)"),
        (
            lambda: agents_required(
                0.1, 60, patience_s=PatienceCurve.exponential(60), service_level=0.8, service_level_of="ended"
            ),
            "service_level_of = 'ended' — must be 'offered' for a curve of patience",
        ),
        (lambda: sample_gini([0, 0]), "service_s of size 2"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
