"""The script for fish 3 and later."""

from collections.abc import Iterator, Sequence

from edge.completion.words import Command, Option, Value


def script(program: Command) -> str:
    """The script: a file in `~/.config/fish/completions`.

    Args:
        program: program with its commands.
    """
    lines = [
        f"# What fish offers after Tab for {program.name}; made by `{program.name} completion fish`.",
        f"complete -c {program.name} -f",
    ]
    for path, command in program.below():
        begin = f"complete -c {program.name} -n {_quoted(_when(path, command))}"
        lines += [f"{begin} {rest}" for rest in _rest(command)]
    return "\n".join(lines) + "\n"


def _rest(command: Command) -> Iterator[str]:
    """What may be written behind a command."""
    for below in command.commands:
        yield f"-a {_quoted(below.name)} -d {_quoted(below.text)}"
    for option in command.options:
        yield f"{_flags(option)}{_value(option.value)} -d {_quoted(option.text)}"
    for value in command.arguments:
        if value.choices:
            yield f"-a {_quoted(' '.join(value.choices))}"
        elif value.is_path:
            yield "-F"


def _flags(option: Option) -> str:
    return " ".join(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags)


def _value(value: Value | None) -> str:
    if value is None:
        return ""
    if value.choices:
        return f" -x -a {_quoted(' '.join(value.choices))}"
    return " -r -F" if value.is_path else " -x"


def _when(path: Sequence[str], command: Command) -> str:
    """The condition under which the words of a command are offered."""
    if not path:
        return "__fish_use_subcommand"
    seen = "; and ".join(f"__fish_seen_subcommand_from {word}" for word in path)
    if command.commands:
        seen += "; and not __fish_seen_subcommand_from " + " ".join(below.name for below in command.commands)
    return seen


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
