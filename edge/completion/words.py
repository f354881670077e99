"""The words of a command line, read from its parser: commands, options, what may follow them."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Value:
    """What stands behind an option, or in the place of an argument.

    Args:
        name: word for it, such as `FILE`.
        choices: words that are allowed; none where it is free.
        is_path: whether it is a file or a folder.
    """

    name: str
    choices: tuple[str, ...] = ()
    is_path: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """An option.

    Args:
        flags: its spellings, such as `-h` and `--help`.
        text: help for it in one line.
        value: description of its value; None where it takes none.
        repeats: whether it may be given again.
    """

    flags: tuple[str, ...]
    text: str
    value: Value | None = None
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """A program, or one of its commands.

    Args:
        name: word that the user writes.
        text: help for it in one line.
        options: options of its own.
        arguments: arguments without a flag; the last one may come again.
        commands: commands below it.
    """

    name: str
    text: str
    options: tuple[Option, ...]
    arguments: tuple[Value, ...]
    commands: tuple["Command", ...]

    def below(self, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], "Command"]]:
        """Every command with the words that lead to it, this one first.

        Args:
            path: words that lead to this one.
        """
        yield path, self
        for command in self.commands:
            yield from command.below((*path, command.name))


def command_of(parser: argparse.ArgumentParser, name: str, text: str = "") -> Command:
    """A parser as words; what its help leaves out is left out.

    Args:
        parser: parser of the program or of one of its commands.
        name: word that the user writes.
        text: help for it in one line.
    """
    options: list[Option] = []
    arguments: list[Value] = []
    commands: list[Command] = []
    for action in parser._actions:  # noqa: SLF001 - the library tells of them nowhere else
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - the same
            texts = {choice.dest: choice.help or "" for choice in action._choices_actions}  # noqa: SLF001 - the same
            commands += [command_of(below, word, _line(texts.get(word, ""))) for word, below in action.choices.items()]
        elif action.help == argparse.SUPPRESS:
            continue
        elif action.option_strings:
            value = None if action.nargs == 0 else _value(action)
            repeats = isinstance(action, argparse._AppendAction)  # noqa: SLF001 - the same
            options.append(Option(tuple(action.option_strings), _help(parser, action), value, repeats))
        else:
            arguments.append(_value(action))
    return Command(name, text, tuple(options), tuple(arguments), tuple(commands))


def _value(action: argparse.Action) -> Value:
    named = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    return Value(named, tuple(map(str, action.choices or ())), action.type is Path)


def _help(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    return _line(parser._get_formatter()._expand_help(action)) if action.help else ""  # noqa: SLF001 - the same


def _line(text: str) -> str:
    return " ".join(text.replace("%%", "%").split())
