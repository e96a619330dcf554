"""Docker's own client, as far as the tests need it."""

import json
import subprocess


class DockerError(Exception):
    """A command of the client's that ended with an error; what it said."""


def docker(*arguments, stdin=None, seconds=120):
    """Runs `docker` with these arguments; what it printed."""
    return run("docker", *arguments, stdin=stdin, seconds=seconds)


def run(*command, stdin=None, seconds=120, environment=None, folder=None):
    """Runs a command; what it printed. Raises `DockerError` with what it said where it ends with an error."""
    done = subprocess.run([str(part) for part in command], input=stdin, capture_output=True, text=True, timeout=seconds,
                          env=environment, cwd=folder, errors="replace", stdin=subprocess.DEVNULL if stdin is None else None)
    if done.returncode != 0:
        raise DockerError(f"{' '.join(str(part) for part in command)}: {done.returncode}\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return done.stdout


def main_process(name):
    """For a shell in a container: the first process of a program there. What looks at its health, and what it starts itself,
    came later, has the same name, and may have ended a moment after."""
    return f"$(pidof {name} | tr ' ' '\\n' | sort -n | head -n 1)"


class Container:
    """One container, by its id."""

    def __init__(self, identifier):
        self.id = identifier

    def __repr__(self):
        return self.id[:12]

    def __eq__(self, other):
        return isinstance(other, Container) and other.id == self.id

    def __hash__(self):
        return hash(self.id)

    @property
    def description(self):
        """All that the engine knows of it."""
        return json.loads(docker("inspect", self.id))[0]

    @property
    def state(self):
        return self.description["State"]

    @property
    def restarts(self):
        """How often the engine started it again by itself."""
        return self.description["RestartCount"]

    @property
    def is_healthy(self):
        state = self.state
        return state["Running"] and state.get("Health", {}).get("Status", "healthy") == "healthy"

    def execute(self, *command, user=None, stdin=None, seconds=120):
        """Runs a command in it; what it printed."""
        options = ["--interactive"] if stdin is not None else []
        if user is not None:
            options += ["--user", user]
        return docker("exec", *options, self.id, *command, stdin=stdin, seconds=seconds)

    def kill_program(self, name, user=None):
        """Ends a program as the kernel does when memory is short. The engine takes it for a crash, which `docker kill` is
        not to it, and starts the container again."""
        # A moment later: the command ends with the container around it, and nobody must ask then how it ended.
        docker("exec", "--detach", *(["--user", user] if user is not None else []), self.id, "sh", "-c",
               f"sleep 0.3; kill -9 {main_process(name)}")

    def log(self, since=None):
        """What it has written."""
        done = subprocess.run(["docker", "logs", *(["--since", since] if since else []), self.id], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", timeout=60, check=True)
        return done.stdout

    def limit_memory(self, size):
        """Changes the most memory that it may use, while it runs; no swap."""
        docker("update", "--memory", size, "--memory-swap", size, self.id)
