"""Runs programs for the scripts in this folder."""
import pathlib
import subprocess
import sys


def run(*command, cwd=None):
    """Ends the script with the last line of what a failed command said."""
    script, words = pathlib.Path(sys.argv[0]).name, [str(word) for word in command]
    try:
        done = subprocess.run(words, capture_output=True, text=True, cwd=cwd)
    except OSError as error:
        sys.exit(f"{script}: {words[0]}: {error.strerror}")
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        sys.exit(f"{script}: {' '.join(words[:2])}: {said[-1]}")
