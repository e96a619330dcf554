"""The compose files, .env.example and the programs, held against each other: none of it needs an engine."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = ROOT / "compose"
BASE = FILES / "docker-compose.yml"
OVERRIDES = sorted(FILES.glob("docker-compose.*.yml"))
# What is set where a program is put into a container, and is nobody's to change there.
FIXED = {
    "HOST", "PORT", "WEB_ROOT", "WORKSPACE_ROOT", "WORKER_HEALTH_FILE", "GIT_CLIENT",  # the images'
    "WORKER_NAME",  # every container has a name of its own
    "WORKSPACE_HOST_ROOT", "ENGINE_GATE_FOLDERS",  # gate and worker ask the engine for their mounts
    "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "DOCKER_CONFIG",  # the gate's network is internal
    "ECS_AGENT_URI",  # Amazon ECS sets it
    "AWS_SESSION_TOKEN",  # goes with a key that ends before a stack does
    "TENANT_ADMIN_PASSWORD",  # one command's, given to that command
}
# Images that begin as root and leave that behind by themselves, and what that takes.
OFFICIAL = {"postgres": ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"], "redis": ["CHOWN", "DAC_OVERRIDE", "SETGID", "SETUID"]}


def documents():
    return {path: yaml.safe_load(path.read_text()) for path in [BASE, *OVERRIDES]}


def values(node):
    """Every text of a document, comments left out."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from values(key)
            yield from values(value)
    elif isinstance(node, list):
        for value in node:
            yield from values(value)
    elif isinstance(node, str):
        yield node


def used():
    """The variables of the compose files: name → the defaults that stand there, None where there is none."""
    found = {}
    for document in documents().values():
        for text in values(document):
            for name, kind, default in re.findall(r"(?<!\$)\$\{([A-Z][A-Z0-9_]*)(?::?([-?])([^}]*))?\}", text):
                found.setdefault(name, set()).add(default if kind == "-" else None)
        for service in document["services"].values():
            for name, value in (service.get("environment") or {}).items():
                if value is None:
                    found.setdefault(name, set()).add(None)
    return found


def asked_by_scripts():
    text = "".join((ROOT / path).read_text() for path in ("scripts/compose.sh", "scripts/lib/compose.sh"))
    return set(re.findall(r"\(setting ([A-Z][A-Z0-9_]*)", text))


def explained():
    """The variables of .env.example, with the value that stands there; each is below a comment."""
    found, comment = {}, False
    for line in (FILES / ".env.example").read_text().splitlines():
        variable = re.fullmatch(r"#([A-Z][A-Z0-9_]*)=(.*)", line)
        if variable:
            assert variable[1] not in found, f"{variable[1]} stands there twice"
            found[variable[1]] = variable[2]
            assert comment, f"{variable[1]} is not explained"
        else:
            assert not line or line.startswith("# "), f"a copy of the file would change something: {line}"
            comment = bool(line)
    return found


def read_by_programs():
    text = "".join(path.read_text() for path in (ROOT / "Sources/StudioCore/Configuration").glob("*.swift"))
    names = set(re.findall(r"\b(?:reader\.)?(?:text|whole|optional|optionalWhole|required|oneOf|choice|flag|address|addresses|list|absolutePath|keyPrefix|s3Address)"
                           r"\(\s*\"([A-Z][A-Z0-9_]+)\"", text))
    assert len(names) > 40 and {"STUDIO_ENV", "JWT_SECRET", "COMFYUI_URLS", "ENGINE_GATE_LISTEN"} <= names
    return names


def required():
    """The variables that a file insists on."""
    return {name for document in documents().values() for text in values(document) for name in re.findall(r"\$\{([A-Z][A-Z0-9_]*):?\?", text)}


def compose(generation, *paths):
    """What one generation of Compose makes of these files, without anything of whoever runs the tests."""
    command = {"first": ["docker-compose"], "second": ["docker", "compose"]}[generation]
    arguments = [word for path in paths for word in ("-f", str(path))]
    output = ["--quiet"] if generation == "first" else ["--format", "json"]
    with tempfile.NamedTemporaryFile() as empty:
        done = subprocess.run(
            [*command, "--env-file", empty.name, *arguments, "config", *output],
            env={name: os.environ[name] for name in ("PATH", "HOME", "DOCKER_CONFIG") if name in os.environ} | dict.fromkeys(required(), "/given"),
            capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(path.name for path in paths)}: {done.stderr}"
    assert not done.stderr, done.stderr
    return json.loads(done.stdout) if generation == "second" else None


def test_every_variable_is_explained():
    assert set(used()) | asked_by_scripts() <= set(explained())


def test_every_explained_variable_does_something():
    assert set(explained()) <= set(used()) | asked_by_scripts()


def test_the_defaults_that_are_told_are_the_defaults():
    told = explained()
    for name, defaults in used().items():
        real = {default for default in defaults if default is not None}
        assert not real or told[name] in real, f"{name}: told {told[name]}, is {real}"


def test_every_setting_of_the_programs_can_be_reached():
    given = {name for document in documents().values() for service in document["services"].values() for name in service.get("environment") or {}}
    given |= {name.removesuffix("_FILE") for name in given}
    assert read_by_programs() - FIXED <= given


@pytest.mark.parametrize("generation", ["first", "second"])
@pytest.mark.parametrize("name", ["", *(path.name.split(".")[1] for path in OVERRIDES)])
def test_both_generations_take_every_file(generation, name):
    compose(generation, BASE, *(path for path in OVERRIDES if path.name.split(".")[1] == name))


@pytest.mark.parametrize("generation", ["first", "second"])
def test_both_generations_take_all_files_at_once(generation):
    compose(generation, BASE, *OVERRIDES)


@pytest.mark.parametrize("override", OVERRIDES, ids=lambda path: path.name.split(".")[1])
def test_every_service_is_confined(override):
    beside = [path for path in OVERRIDES if path.name in needed(override)]
    for name, service in compose("second", BASE, *beside, override)["services"].items():
        assert service.get("read_only") is True, name
        assert service.get("cap_drop") == ["ALL"], name
        assert service.get("cap_add", []) == OFFICIAL.get(name, []), name
        assert "no-new-privileges:true" in service.get("security_opt", []), name
        assert not service.get("privileged") and not service.get("pid") and service.get("network_mode", "none") == "none", name
        assert service.get("init") is True, name
        assert service["logging"]["options"].keys() == {"max-size", "max-file"}, name
        # Those that run once are small, and watched by who waits for them.
        assert service.get("mem_limit") or service["restart"] == "no", name
        for port in service.get("ports", []):
            # Others than this machine's own people come by TLS.
            assert port.get("host_ip") == "127.0.0.1" or name == "tls", name
        sockets = [mount for mount in service.get("volumes", []) if mount["source"].endswith("docker.sock")]
        assert not sockets or name == "engine-gate", name


def needed(override):
    """The files that an override is used with."""
    names = {"comfyui-gpu": ("comfyui", "gpu")}.get(override.name.split(".")[1], ())
    return [f"docker-compose.{name}.yml" for name in names]


@pytest.mark.parametrize("path", sorted([*ROOT.glob("Dockerfile.*"), *FILES.glob("*/Dockerfile")]), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_image_runs_as_root(path):
    users = re.findall(r"^USER (.+)$", path.read_text(), re.MULTILINE)
    assert users and re.fullmatch(r"[1-9][0-9]*(:[1-9][0-9]*)?", users[-1]), "the last stage names a user by its number"


def test_the_catalogue_gets_newer_and_what_people_changed_stays(tmp_path):
    def bring(**files):
        shutil.rmtree(tmp_path / "from", ignore_errors=True)
        for name, text in files.items():
            (tmp_path / "from" / "Templates" / name).mkdir(parents=True)
            (tmp_path / "from" / "Templates" / name / "function.json").write_text(text)
        subprocess.run([FILES / "build" / "catalogue.sh", tmp_path / "from", tmp_path / "to"], check=True)
        return {path.parent.name: path.read_text() for path in (tmp_path / "to").rglob("*.json")}

    assert bring(trim="1", mux="1") == {"trim": "1", "mux": "1"}
    (tmp_path / "to/Templates/mux/function.json").write_text("mine")
    (tmp_path / "to/Templates/own").mkdir()
    (tmp_path / "to/Templates/own/function.json").write_text("mine")
    assert bring(trim="2", mux="2", hls="2") == {"trim": "2", "mux": "mine", "hls": "2", "own": "mine"}
    assert bring(trim="3", mux="3") == {"trim": "3", "mux": "mine", "hls": "2", "own": "mine"}
    assert sorted(path.name for path in (tmp_path / "to").iterdir()) == [".shipped", "Templates"]


def test_a_function_of_which_people_changed_one_file_keeps_them_all(tmp_path):
    folder = tmp_path / "from" / "Templates" / "picture"
    def bring(text):
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("function.json", "workflow.json"):
            (folder / name).write_text(text)
        subprocess.run([FILES / "build" / "catalogue.sh", tmp_path / "from", tmp_path / "to"], check=True)
        return {path.name: path.read_text() for path in (tmp_path / "to").rglob("*.json")}

    bring("1")
    # An earlier call was ended between the two.
    (tmp_path / "to/Templates/picture/workflow.json").write_text("2")
    assert bring("2") == {"function.json": "2", "workflow.json": "2"}
    (tmp_path / "to/Templates/picture/function.json").write_text("mine")
    assert bring("3") == {"function.json": "mine", "workflow.json": "2"}


def test_rules_name_metrics_that_gateways_have():
    sources = "".join(path.read_text() for path in (ROOT / "Sources/GatewayServer").rglob("*.swift"))
    rules = (FILES / "monitoring/rules.yml").read_text()
    names = {re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"\bstudio_[a-z_]+", rules)}
    assert len(names) >= 6
    assert {name for name in names if f'"{name}"' not in sources} == set()


def test_every_alert_says_what_to_do():
    groups = yaml.safe_load((FILES / "monitoring/rules.yml").read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert {"WorkersGone", "QueueWaits", "JobsFail", "RequestsFail", "DiskFills"} <= {rule["alert"] for rule in rules}
    for rule in rules:
        assert rule["labels"]["severity"] in ("critical", "warning"), rule["alert"]
        assert rule["annotations"].keys() == {"summary", "remedy"}, rule["alert"]
