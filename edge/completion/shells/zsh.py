"""The script for zsh."""

import re
from collections.abc import Sequence
from shlex import quote

from edge.completion.words import Command, Option, Value

HEAD = """\
#compdef {program}
# What zsh offers after Tab for {program}; made by `{program} completion zsh`.
"""
TAIL = """\
if [[ ${{funcstack[1]}} == {function} ]]; then
  {function} "$@"
else
  compdef {function} {program}
fi
"""


def script(program: Command) -> str:
    """The script: a file of `fpath`, or read by the shell after `compinit`.

    Args:
        program: program with its commands.
    """
    functions = [_function(program.name, path, command) for path, command in program.below()]
    return (
        HEAD.format(program=program.name)
        + "\n".join(functions)
        + TAIL.format(program=program.name, function=_name(program.name, ()))
    )


def _function(program: str, path: Sequence[str], command: Command) -> str:
    """The function of a command: its options and arguments, and where its commands go on."""
    wanted = [word for option in command.options for word in _option(option)]
    if not command.commands:
        last = len(command.arguments) - 1
        wanted += [quote(f"{'*' if number == last else ''}:{_value(value)}") for number, value in enumerate(command.arguments)]
        lines = [f"{_name(program, path)}() {{", f"  _arguments {_wrapped(wanted)}", "}", ""]
        return "\n".join(lines)
    wanted += [quote("1:command:->command"), quote("*::argument:->argument")]
    told = " ".join(quote(f"{below.name}:{_plain(below.text)}") for below in command.commands)
    cases = [f"        {below.name}) {_name(program, (*path, below.name))} ;;" for below in command.commands]
    lines = [
        f"{_name(program, path)}() {{",
        "  local context state state_descr line",
        "  typeset -A opt_args",
        f"  _arguments -C {_wrapped(wanted)}",
        "  case $state in",
        "    command)",
        f"      local -a commands=({told})",
        "      _describe command commands ;;",
        "    argument)",
        "      case $words[1] in",
        *cases,
        "      esac ;;",
        "  esac",
        "}",
        "",
    ]
    return "\n".join(lines)


def _option(option: Option) -> list[str]:
    """The words for an option: one for each of its spellings, which exclude each other."""
    value = "" if option.value is None else f":{_value(option.value)}"
    before = "*" if option.repeats else f"({' '.join(option.flags)})"
    return [quote(f"{before}{flag}[{_plain(option.text)}]{value}") for flag in option.flags]


def _value(value: Value) -> str:
    if value.choices:
        return f"{_plain(value.name)}:({' '.join(value.choices)})"
    return f"{_plain(value.name)}:{'_files' if value.is_path else ' '}"


def _plain(text: str) -> str:
    """Text without what `_arguments` takes for its own signs."""
    return re.sub(r"([\[\]:\\])", r"\\\1", text)


def _name(program: str, path: Sequence[str]) -> str:
    return "_" + re.sub(r"\W", "_", "_".join((program, *path)))


def _wrapped(words: Sequence[str]) -> str:
    return " \\\n    ".join(words) if words else quote("*: : ")
