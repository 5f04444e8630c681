"""The report as one page: no script, nothing from a network, readable in light and dark."""

from __future__ import annotations

from html import escape
from typing import Any, Dict, List, Mapping

_MOST_MODELS = 30
"""Models whose features are drawn, those that drifted most."""
_NAMED = 5
"""Categories of which each has its name below its bars; of more, the first and the last one."""
_WORDS = {"Drifted": "drifted", "Stable": "stable", "TooFew": "too few rows", "NoBaseline": "no baseline"}
_SIGNS = {"Drifted": "▲", "Stable": "✓", "TooFew": "–", "NoBaseline": "?"}
_NAMES = {
    "PopulationStabilityIndex": "Population stability index",
    "KolmogorovSmirnov": "Kolmogorov-Smirnov",
    "JensenShannon": "Jensen-Shannon distance",
    "MissingRate": "More values missing",
    "NewCategories": "New categories",
}
_STYLE = """
:root{color-scheme:light dark;--ink:#16191f;--soft:#545b64;--line:#d5dbdb;--card:#fff;--page:#f4f6f7;--before:#8497a8;
--now:#0073bb;--bad:#d13212;--good:#1d8102}
@media (prefers-color-scheme:dark){:root{--ink:#eaeded;--soft:#a9b4be;--line:#3b4754;--card:#1c2530;--page:#10161d;
--before:#718394;--now:#44b9f0;--bad:#ff7a66;--good:#67c23a}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1080px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:24px;margin:0}h2{font-size:18px;margin:34px 0 10px}
p{margin:4px 0;color:var(--soft)}
section,.tiles>div{background:var(--card);border:1px solid var(--line);border-radius:10px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:12px;margin:20px 0}
.tiles>div{padding:12px 16px}.tiles b{display:block;font-size:26px;line-height:1.2}.tiles span{color:var(--soft)}
table{border-collapse:collapse;width:100%}th{text-align:left;font-weight:600;color:var(--soft)}
td,th{padding:7px 12px;border-top:1px solid var(--line);vertical-align:top}thead th{border-top:0}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.Drifted{color:var(--bad);font-weight:600}.Stable{color:var(--good)}.TooFew,.NoBaseline{color:var(--soft)}
.features{display:grid;grid-template-columns:repeat(auto-fill,minmax(310px,1fr));gap:12px}
.features section{padding:12px 14px}h3{font-size:15px;margin:0;overflow-wrap:anywhere}svg{display:block;width:100%}
.features table{font-size:13px}.features td{padding:3px 0;border:0}.key{font-size:13px}
.key i{display:inline-block;width:10px;height:10px;border-radius:2px;margin:0 4px 0 12px}td{overflow-wrap:anywhere}
td svg{width:130px}.scroll td:nth-child(2){white-space:nowrap}
.scroll td:first-child{min-width:110px}.scroll td:last-child{min-width:260px}h2,h3,td{unicode-bidi:isolate}
.rail{fill:var(--line)}.scroll{overflow-x:auto}text{fill:var(--soft);font-size:10px}
"""


def page(report: Mapping[str, Any]) -> str:
    """Return the report of a job as HTML."""
    models = sorted(report["Models"].items(), key=lambda one: (-one[1].get("Drift", -1.0), one[0]))
    drawn = [one for one in models if one[1].get("Features")][:_MOST_MODELS]
    title = escape(f"Drift: {report['Name']}")
    run = f" · run {escape(report['Run'])}" if report["Run"] else ""
    bad = report["Lines"]["Bad"]
    lines = f" · {bad} lines could not be read ({escape(report['Lines'].get('FirstBad', ''))})" if bad else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><style>{_STYLE}</style></head><body><main>'
        f"<h1>{title}</h1><p>{escape(report['Time'])}{run} · {report['Rows']} rows{lines}</p>{_tiles(report)}"
        + (_table(models) if len(models) > 1 else "")
        + "".join(_model(name, one) for name, one in drawn)
        + "</main></body></html>\n"
    )


def _tiles(report: Mapping[str, Any]) -> str:
    tiles = [(report[verdict], f"{_WORDS[verdict]}", verdict) for verdict in _WORDS if report[verdict]]
    counted = "".join(f'<div><b class="{kind}">{count}</b><span>{word}</span></div>' for count, word, kind in tiles)
    drift = f"<div><b>{report['Drift']:.2f}</b><span>largest drift; above 1 is too far</span></div>"
    return f'<div class="tiles">{counted}{drift}</div>'


def _verdict(one: Mapping[str, Any]) -> str:
    verdict = one["Verdict"]
    return f'<span class="{verdict}">{_SIGNS[verdict]} {_WORDS[verdict]}</span>'


def _table(models: List[Any]) -> str:
    longest = max((one.get("Drift", 0.0) for _, one in models), default=0.0) or 1.0
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{_verdict(one)}</td><td>{_bar(one.get('Drift'), longest)}</td>"
        f'<td class="n">{one["Count"]}</td><td>{escape(one["Reason"])}</td></tr>'
        for name, one in models
    )
    head = '<th>Model</th><th>Verdict</th><th>Drift</th><th class="n">Rows</th><th>Why</th>'
    return f'<section class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></section>'


def _bar(drift: Any, longest: float) -> str:
    if drift is None:
        return ""
    scale = 90 / max(longest, 1.0)
    return (
        f'<svg viewBox="0 0 130 14" width="130" height="14" role="img" aria-label="{drift:.2f}">'
        f'<rect class="rail" x="0" y="4" width="{scale:.1f}" height="6"/>'
        f'<rect x="0" y="4" width="{drift * scale:.1f}" height="6" fill="var(--{"bad" if drift > 1 else "before"})"/>'
        f'<text x="{drift * scale + 5:.1f}" y="11">{drift:.2f}</text></svg>'
    )


def _model(name: str, one: Mapping[str, Any]) -> str:
    features = sorted(one["Features"].items(), key=lambda feature: (-feature[1]["Drift"], feature[0]))
    key = '<i style="background:var(--before)"></i>baseline<i style="background:var(--now)"></i>now'
    return (
        f"<h2>{escape(name)} {_verdict(one)}</h2><p>{escape(one['Reason'])}</p>{_quality(one.get('Quality'))}"
        f'<p class="key">{one["Count"]} rows beside {one["BaselineCount"]} of the baseline {key}</p>'
        f'<div class="features">{"".join(_feature(*feature) for feature in features)}</div>'
    )


def _quality(quality: Any) -> str:
    if not quality:
        return ""
    pairs = [
        f"{escape(what)}: {quality['Before'][what]:.4g} → {value:.4g}"
        for what, value in quality["Now"].items()
        if what not in ("Loss", "Count", "Mean", "Std") and what in quality["Before"]
    ]
    return f"<p>{' · '.join(pairs)} on {quality['Now']['Count']} predictions whose truth is known</p>"


def _feature(name: str, feature: Mapping[str, Any]) -> str:
    rows = "".join(
        f'<tr><td>{_NAMES[what]}</td><td class="n">{told["Value"]:.3f}</td>'
        f'<td class="n {"Drifted" if told["Drifted"] else ""}">{"above" if told["Drifted"] else "within"} '
        f"{max(told['Threshold'], told['Noise']):.3f}</td></tr>"
        for what, told in feature["Measures"].items()
    )
    verdict = "Drifted" if feature["Drift"] > 1 else "Stable"
    sign = f'<span class="{verdict}">{_SIGNS[verdict]}</span>'
    return f"<section><h3>{sign} {escape(name)}</h3>{_picture(name, feature)}<table>{rows}</table></section>"


def _picture(name: str, feature: Mapping[str, Any]) -> str:
    """Two histograms, a pair of bars for each bin."""
    shape: Dict[str, Any] = feature["Shape"]
    bins = shape["Bins"]
    highest = max([*shape["Before"], *shape["Now"], 0.0]) or 1.0
    step = 300 / max(len(bins), 1)
    parts = []
    for number, (label, before, now) in enumerate(zip(bins, shape["Before"], shape["Now"])):
        left = number * step
        said = escape(f"{_label(label)}: {before:.1%} before, {now:.1%} now", quote=True)
        bars = "".join(
            f'<rect x="{left + step * place:.1f}" y="{72 - 64 * share / highest:.1f}" width="{step * 0.38:.1f}" '
            f'height="{64 * share / highest:.1f}" fill="var(--{colour})"/>'
            for place, share, colour in ((0.1, before, "before"), (0.5, now, "now"))
        )
        parts.append(f"<g><title>{said}</title>{bars}</g>")
    ends = ""
    if bins and not isinstance(bins[0], list) and len(bins) <= _NAMED:
        ends = "".join(
            f'<text x="{(number + 0.5) * step:.1f}" y="84" text-anchor="middle">{escape(_label(label)[:10])}</text>'
            for number, label in enumerate(bins)
        )
    elif bins:
        first, last = (bins[0][0], bins[-1][1]) if isinstance(bins[0], list) else (bins[0], bins[-1])
        ends = (
            f'<text x="2" y="84">{escape(_label(first)[:24])}</text>'
            f'<text x="298" y="84" text-anchor="end">{escape(_label(last)[:24])}</text>'
        )
    alt = escape(f"Distribution of {name}, baseline beside now", quote=True)
    line = '<path d="M0 72.5H300" stroke="var(--line)"/>'
    return f'<svg viewBox="0 0 300 88" role="img" aria-label="{alt}">{"".join(parts)}{line}{ends}</svg>'


def _label(label: Any) -> str:
    if label is None:
        return "all others"
    if isinstance(label, list):
        return f"{label[0]:.4g} to {label[1]:.4g}"
    return f"{label:.4g}" if isinstance(label, float) else str(label)
