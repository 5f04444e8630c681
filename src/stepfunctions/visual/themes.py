"""Colours: for each theme, the presentation attributes of each role, and of a role in a status (``card@FAILED``)."""

from __future__ import annotations

from typing import Literal

Theme = Literal["light", "dark", "auto"]
Attributes = dict[str, str]

_STATUS = {
    "light": {
        "SUCCEEDED": ("#1d8102", "#f1f8ee"),
        "RUNNING": ("#0073bb", "#eef7fd"),
        "FAILED": ("#d13212", "#fdf1ee"),
        "CAUGHT": ("#b7600a", "#fdf5ea"),
        "ABORTED": ("#545b64", "#f0f1f2"),
    },
    "dark": {
        "SUCCEEDED": ("#67c23a", "#172d1c"),
        "RUNNING": ("#44b9f0", "#122c40"),
        "FAILED": ("#ff7a66", "#38201f"),
        "CAUGHT": ("#f0a04b", "#352714"),
        "ABORTED": ("#a9b4be", "#27323e"),
    },
}


def colours(status: str) -> tuple[str, str]:
    """Return the stroke and the fill of a status, in the light theme."""
    return _STATUS["light"][status]


_BASE = {
    "light": {
        "canvas": "#ffffff",
        "card": "#ffffff",
        "edge": "#b4bcc6",
        "text": "#16191f",
        "small": "#545b64",
        "line": "#6b7684",
        "taken": "#16191f",
        "catch": "#d13212",
        "frame": "#8792a0",
        "inside": "#f7f8fa",
        "work": "#c45500",
        "flow": "#2e5fc2",
        "good": "#1d8102",
        "bad": "#c7300f",
        "plain": "#5f6b7a",
        "icon": "#ffffff",
        "pill": "#eaeded",
        "idle": "#c3cad2",
        "idlecatch": "#efb9ad",
    },
    "dark": {
        "canvas": "#0f1b2a",
        "card": "#1b2838",
        "edge": "#536175",
        "text": "#eef1f4",
        "small": "#b6bec9",
        "line": "#8f9cab",
        "taken": "#eef1f4",
        "catch": "#ff7a66",
        "frame": "#6f7e90",
        "inside": "#142131",
        "work": "#c45500",
        "flow": "#3a6fdc",
        "good": "#2c8a1a",
        "bad": "#cf3f20",
        "plain": "#5f6b7a",
        "icon": "#ffffff",
        "pill": "#2c3a4b",
        "idle": "#44525f",
        "idlecatch": "#74423e",
    },
}


def _roles(theme: str) -> dict[str, Attributes]:
    c = _BASE[theme]
    roles: dict[str, Attributes] = {
        "canvas": {"fill": c["canvas"]},
        "card": {"fill": c["card"], "stroke": c["edge"], "stroke-width": "1"},
        "frame": {"fill": c["inside"], "stroke": c["frame"], "stroke-width": "1.5", "stroke-dasharray": "8 4"},
        "branch": {"fill": c["canvas"], "stroke": "none"},
        "pill": {"fill": c["pill"], "stroke": c["frame"], "stroke-width": "1"},
        "name": {"fill": c["text"]},
        "small": {"fill": c["small"]},
        "state": {"fill": c["small"]},
        "line": {"fill": "none", "stroke": c["line"], "stroke-width": "1.5"},
        "tip": {"fill": c["line"], "stroke": "none"},
        "line@TAKEN": {"stroke": c["taken"], "stroke-width": "2"},
        "tip@TAKEN": {"fill": c["taken"]},
        "catch": {"fill": "none", "stroke": c["catch"], "stroke-width": "1.5", "stroke-dasharray": "5 4"},
        "catchtip": {"fill": c["catch"], "stroke": "none"},
        "catch@TAKEN": {"stroke-width": "2.5"},
        "label": {"fill": c["canvas"], "stroke": c["edge"], "stroke-width": "1"},
        "words": {"fill": c["text"]},
        "icon": {
            "fill": "none",
            "stroke": c["icon"],
            "stroke-width": "1.7",
            "stroke-linecap": "round",
            "stroke-linejoin": "round",
        },
        "badge": {"stroke": c["canvas"], "stroke-width": "2", "fill": c["small"]},
        "mark": {
            "fill": "none",
            "stroke": c["canvas"],
            "stroke-width": "2",
            "stroke-linecap": "round",
            "stroke-linejoin": "round",
        },
        "mark@RUNNING": {"fill": c["canvas"]},
    }
    for tile in ("work", "flow", "good", "bad", "plain"):
        roles[f"tile-{tile}"] = {"fill": c[tile]}
    roles["line@IDLE"], roles["tip@IDLE"] = {"stroke": c["idle"]}, {"fill": c["idle"]}
    roles["catch@IDLE"], roles["catchtip@IDLE"] = {"stroke": c["idlecatch"]}, {"fill": c["idlecatch"]}
    roles["card@NOT_REACHED"] = {"stroke": c["edge"], "stroke-dasharray": "3 3"}
    for status, (strong, tint) in _STATUS[theme].items():
        roles[f"card@{status}"] = {"fill": tint, "stroke": strong, "stroke-width": "2"}
        roles[f"frame@{status}"] = {"stroke": strong, "stroke-width": "2"}
        roles[f"state@{status}"] = {"fill": strong}
        roles[f"badge@{status}"] = {"fill": strong}
    return roles


ROLES = {"light": _roles("light"), "dark": _roles("dark")}


class Paint:
    """Says how to paint a role: as literal attributes (``flat``), or as a class of the style sheet."""

    def __init__(self, theme: Theme, flat: bool) -> None:
        if theme not in ("light", "dark", "auto"):
            raise ValueError(f"theme is '{theme}'; it must be 'light', 'dark' or 'auto'.")
        self.theme = theme
        self.flat = flat
        self._flat_roles = ROLES["dark" if theme == "dark" else "light"]
        self._known: dict[tuple[str, str], str] = {}

    def __call__(self, role: str, status: str = "") -> str:
        """Return the attributes of an element, with a space before them."""
        if not self.flat:
            return f' class="{role}"'
        found = self._known.get((role, status))
        if found is None:
            attributes = self._flat_roles[role] | self._flat_roles.get(f"{role}@{status}", {})
            found = "".join(f' {name}="{value}"' for name, value in attributes.items())
            self._known[role, status] = found
        return found

    def style_sheet(self) -> str:
        """Return the <style> element, empty for a flat picture."""
        if self.flat:
            return ""
        sheet = _rules(ROLES["dark" if self.theme == "dark" else "light"])
        if self.theme == "auto":
            sheet += f"@media (prefers-color-scheme:dark){{{_rules(ROLES['dark'])}}}"
        return f"<style>{sheet}</style>"


def _rules(roles: dict[str, Attributes]) -> str:
    found = []
    for role, attributes in roles.items():
        name, _, status = role.partition("@")
        selector = f'.sfn [data-s="{status}"]>.{name}' if status else f".sfn .{name}"
        if attributes:
            found.append(f"{selector}{{{';'.join(f'{key}:{value}' for key, value in attributes.items())}}}")
    return "".join(found)
