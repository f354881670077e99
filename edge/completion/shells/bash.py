"""The script for bash 3.2 and later."""

import re
from collections.abc import Sequence
from shlex import quote

from edge.completion.words import Command, Value

SCRIPT = """\
# What bash offers after Tab for {program}; made by `{program} completion bash`.
{function}() {{
  local IFS=$'\\n' word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} path= words= options= files= i
  COMPREPLY=()
  if [[ $word == "=" ]]; then
    word=
  elif [[ $before == "=" ]]; then
    before=${{COMP_WORDS[COMP_CWORD-2]}}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path/${{COMP_WORDS[i]}}" in
      {paths}) path="$path/${{COMP_WORDS[i]}}" ;;
    esac
  done
  case "$path" in
{commands}
  esac
  case "$path $before" in
{values}
  esac
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$word"))
    return
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  if [[ $files ]]; then
    compopt -o filenames 2>/dev/null
    COMPREPLY+=($(compgen -f -- "$word"))
  fi
}}
complete -F {function} {program}
"""


def script(program: Command) -> str:
    """The script; it is to be read by the shell at its start.

    Args:
        program: program with its commands.
    """
    nodes = list(program.below())
    commands, values = [], []
    for path, command in nodes:
        flags = [flag for option in command.options for flag in option.flags]
        words = [below.name for below in command.commands] + [word for value in command.arguments for word in value.choices]
        files = "1" if any(value.is_path for value in command.arguments) else ""
        where = _path(path)
        commands.append(f"    {quote(where)}) options={_list(flags)} words={_list(words)} files={files} ;;")
        for option in command.options:
            if option.value is not None:
                spellings = "|".join(quote(f"{where} {flag}") for flag in option.flags)
                values.append(f"    {spellings}) {_given(option.value)} ;;")
    return SCRIPT.format(
        program=program.name,
        function="_" + re.sub(r"\W", "_", program.name),
        paths="|".join(quote(_path(path)) for path, _ in nodes if path),
        commands="\n".join(commands),
        values="\n".join(values) or "    *) ;;",
    )


def _given(value: Value) -> str:
    """What is set for the value of an option: its choices, files, or nothing, as nobody can guess it."""
    return f"words={_list(value.choices)} options= files={'1' if value.is_path else ''}"


def _path(words: Sequence[str]) -> str:
    return "".join(f"/{word}" for word in words)


def _list(words: Sequence[str]) -> str:
    return quote("\n".join(words)) if words else ""
