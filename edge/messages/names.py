"""Names: which topics a template takes, and what a series is called; no two sources of a rule share a name.

docs/decisions/0021 has the reasons. `{name}` is a level of a topic, `{name...}` those that are left, `{$.path}` a value of the
payload, `{$.path|text}` that value or a text, `{each}` the element that is walked and `{key}` one of several values.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from edge.contract.schema import RESERVED
from edge.errors import ConfigurationError
from edge.messages.paths import Levels, parse_path

EACH, KEY = "each", "key"
_PLACEHOLDER = re.compile(r'\{((?:"[^"]*"|[^{}"])*)\}')
_INSIDE = re.compile(r'\$\.((?:"[^"]*"|[^"|])*)(?:\|(.*))?', re.DOTALL)  # a path, and the text where nothing is there
_REST = "..."


def star_pattern(name: str) -> str:
    """The regular expression of a name in which `*` stands for any characters; a long text costs little.

    The first occurrence of each piece is the best one, so no other is looked for: that took 45 s for 1,000 characters.
    """
    first, *rest = map(re.escape, name.split("*"))
    if not rest:
        return first
    *middle, last = rest
    return "".join([first, *(f"(?>.*?{piece})" for piece in middle if piece), ".*", last])


class TopicTemplate:
    """Levels of a topic with placeholders.

    Args:
        text: the template.
        what: beginning of an error that is not about the topic of a rule.

    Raises:
        ConfigurationError: it cannot be used.
    """

    def __init__(self, text: str, what: str = "") -> None:
        levels = text.split("/")
        self.text = text
        inner = [level[1:-1] if level.startswith("{") and level.endswith("}") else None for level in levels]
        rest = levels[-1] == "#" or (inner[-1] or "").endswith(_REST)
        self.names = tuple(name.removesuffix(_REST) for name in inner if name is not None)
        self.rest = inner[-1].removesuffix(_REST) if rest and inner[-1] is not None else None
        fixed = [level for level, name in zip(levels, inner, strict=True) if name is None and level not in ("+", "#")]
        if not text or any(sign in level for level in fixed for sign in "{}#+\0") or len(set(self.names)) != len(self.names):
            raise ConfigurationError(f"{what}write each placeholder as a whole level, such as sensors/{{site}}/{{metric}}")
        if "#" in levels[:-1] or any((name or "").endswith(_REST) for name in inner[:-1]):
            raise ConfigurationError(f"{what}# and {{name...}} stand for the rest, and so at the end")
        if not all(name.isidentifier() for name in self.names):
            raise ConfigurationError(f"{what}placeholders are letters, digits and _, such as {{site}}")
        reserved = (RESERVED | {EACH, KEY}) & set(self.names)
        if reserved:
            raise ConfigurationError(f"{what}{{{min(reserved)}}} is a name of ours; choose another name")
        self.filter = "/".join([*("+" if name is not None else level for level, name in zip(levels, inner, strict=True))])
        if self.rest is not None:
            self.filter = f"{self.filter[:-1]}#"
        pattern = "/".join(_level_pattern(level, name) for level, name in zip(levels, inner, strict=True))
        if levels[-1] == "#":
            pattern = "(?:.+)?" if len(levels) == 1 else pattern.removesuffix("/#") + "(?:/.*)?"
        # A wildcard at the beginning is not meant for the broker's own topics.
        self._pattern = re.compile(rf"(?!\$){pattern}" if self.filter[0] in "+#" else pattern, re.DOTALL)

    def match(self, topic: str) -> dict[str, str] | None:
        """Values of the placeholders, or None where the topic is another one."""
        match = self._pattern.fullmatch(topic)
        return None if match is None else match.groupdict()


def _level_pattern(level: str, name: str | None) -> str:
    if name is None:
        return "[^/]+" if level == "+" else level if level == "#" else re.escape(level)
    if name.endswith(_REST):
        return f"(?P<{name.removesuffix(_REST)}>[^/]+(?:/[^/]+)*)"
    return f"(?P<{name}>[^/]+)"


def least_filters(filters: Iterable[str]) -> list[str]:
    """The filters without those that others cover: of two subscriptions that overlap a broker may send a message twice."""
    distinct = list(dict.fromkeys(filters))
    return [narrow for narrow in distinct if not any(wide != narrow and covers(wide, narrow) for wide in distinct)]


def covers(wide: str, narrow: str) -> bool:
    """Whether every topic of a filter is one of another filter."""
    left, right = wide.split("/"), narrow.split("/")
    for position, level in enumerate(left):
        if level == "#":
            return not (position == 0 and right[0].startswith("$"))
        if position >= len(right) or right[position] == "#" or (level != "+" and level != right[position]):
            return False
    return len(left) == len(right)


def overlap(first: str, second: str) -> bool:
    """Whether a topic can be one of two filters at once."""
    if {first[0], second[0]} & {"+", "#"} and "$" in (first[0], second[0]):
        return False  # a wildcard at the beginning is not meant for the broker's own topics
    left, right = first.split("/"), second.split("/")
    for level, opposite in zip(left, right, strict=False):
        if "#" in (level, opposite):
            return True
        if level != opposite and "+" not in (level, opposite):
            return False
    longer = left[len(right) :] or right[len(left) :]
    return not longer or longer == ["#"]


class Template:
    """A text with placeholders.

    Args:
        text: the template.
        names: placeholders that may stand in it, beside `{$.path}`.
        what: words for the key in an error.

    Raises:
        ConfigurationError: another placeholder, or a bracket without its partner.
    """

    def __init__(self, text: str, names: Sequence[str], what: str) -> None:
        self.text = text
        self.pieces = _PLACEHOLDER.split(text)
        self.used = tuple(dict.fromkeys(self.pieces[1::2]))
        inside = {name: _INSIDE.fullmatch(name) for name in self.used if name.startswith("$.")}
        self.paths: dict[str, Levels] = {name: parse_path(match[1]) for name, match in inside.items() if match}
        self.otherwise = {name: match[2] for name, match in inside.items() if match and match[2]}
        known = ", ".join(f"{{{name}}}" for name in names) or "none"
        if any(sign in piece for piece in self.pieces[::2] for sign in "{}") or not set(self.used) - set(self.paths) <= set(
            names
        ):
            raise ConfigurationError(
                f"{what} {text!r} may use the topic's placeholders ({known}), and {{$.path}} of the payload, only"
            )

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with these values."""
        return "".join(values[piece] if position % 2 else piece for position, piece in enumerate(self.pieces))


class SeriesName:
    """Names of the series of a rule, and what their placeholders were.

    A name is the filled template where reading it back gives the same values. Else the values stand in it one after the other
    with slashes between, more of them than anything else in the name has. Only levels of topics hold no slash; in other values
    it is escaped then.

    Args:
        template: the template.
        levels: placeholders that stand for one level of a topic.
        keys: names that `{key}` can have; None: any.
        dotted: placeholders whose texts usually hold dots themselves: a name is read back with these as long as can be.
    """

    def __init__(
        self, template: Template, levels: Iterable[str], keys: Iterable[str] | None = None, dotted: Collection[str] = ()
    ) -> None:
        self.template, self.used = template, template.used
        self._plain = set(self.used) <= set(levels)
        slashes = max(map(len, re.findall("/+", template.text)), default=0)
        self._apart = "/" * (1 + slashes if self._plain else 2 + slashes)
        known = "|".join(map(re.escape, sorted(keys, key=len, reverse=True))) if keys is not None else ".+"
        pattern, seen = "", dict[str, str]()
        for position, piece in enumerate(template.pieces):
            if position % 2 == 0:
                pattern += re.escape(piece)
            elif piece in seen:
                pattern += f"(?P={seen[piece]})"
            else:
                seen[piece] = f"g{len(seen)}"
                last = len(seen) == len(self.used)
                inner = known if piece == KEY else ".+" if self._plain or last or piece in dotted else ".+?"
                pattern += f"(?P<{seen[piece]}>{inner})"
        self._groups = seen
        self._pattern = re.compile(pattern, re.DOTALL)

    def of(self, values: Mapping[str, str]) -> str:
        """The name for values that are not empty."""
        name = self.template.fill(values)
        back = self._read(name)
        if back is not None and all(back[used] == values[used] for used in self.used):
            return name
        return self._apart.join(values[used] if self._plain else _escaped(values[used]) for used in self.used)

    def values(self, name: str) -> dict[str, str] | None:
        """The values that give this name, or None where none do."""
        parts = name.split(self._apart)
        values = self._read(name)
        if values is None and len(parts) == len(self.used) > 1:
            texts = parts if self._plain else map(_plain, parts)
            values = dict(zip(self.used, texts, strict=True))
        return values if values is not None and all(values.values()) and self.of(values) == name else None

    def _read(self, name: str) -> dict[str, str] | None:
        """The values in a filled template; None for another name, or one whose values stand apart."""
        if len(self.used) > 1 and name.count(self._apart) and len(name.split(self._apart)) == len(self.used):
            return None
        match = self._pattern.fullmatch(name)
        return None if match is None else {used: match[group] for used, group in self._groups.items()}


def _escaped(value: str) -> str:
    return value.replace("%", "%25").replace("/", "%2F")


def _plain(value: str) -> str:
    return value.replace("%2F", "/").replace("%25", "%")
