"""Runs a command in a terminal of its own: `terminal.py COLUMNS COMMAND...`.

What is typed comes from stdin, and what the terminal would show goes to stdout, escape sequences and all. Ends with the exit code of
the command.
"""

import fcntl
import os
import pty
import select
import struct
import sys
import termios

ROWS = 24


def start(columns, command):
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
        os.execvp(command[0], command)
    return pid, terminal


def read(source):
    try:
        return os.read(source, 65536)
    except OSError:  # the command has closed the terminal
        return b""


def relay(terminal):
    sources = [terminal, 0]
    while True:
        ready, _, _ = select.select(sources, [], [])
        if 0 in ready:
            typed = read(0)
            if typed:
                os.write(terminal, typed)
            else:
                sources.remove(0)
        if terminal in ready:
            shown = read(terminal)
            if not shown:
                return
            os.write(1, shown)


def main():
    pid, terminal = start(int(sys.argv[1]), sys.argv[2:])
    relay(terminal)
    _, status = os.waitpid(pid, 0)
    sys.exit(os.waitstatus_to_exitcode(status))


main()
