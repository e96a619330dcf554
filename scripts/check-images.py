#!/usr/bin/env python3
"""Looks through an image for what must not be in one of the studio's: check-images.py IMAGE DOCKERFILE MEGABYTES

Setuid and setgid files, what everybody may write, secrets (by name, by content, in the environment and the history), what
only building needs, libraries that are missing or that the program does not use, a program that is not stripped or brings
Swift's runtime as libraries, a user by name or root, no health check, no stop signal, no labels, more than so many
megabytes. Says everything that it finds; status 1 where there is something. Needs Docker and nothing beside Python.
"""

import json
import re
import stat
import struct
import subprocess
import sys
import tarfile

KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{40}")
TOKENS = re.compile(rb"AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|xox[abpr]-[0-9A-Za-z-]{20}|glpat-[0-9A-Za-z_-]{20}")
SECRET_NAMES = re.compile(
    r"(^|/)(\.env|\.netrc|\.git|\.git-credentials|\.pgpass|\.aws|\.ssh|\.npmrc|\.docker|id_(rsa|dsa|ecdsa|ed25519)|"
    r"ssh_host_[a-z0-9]+_key|[^/]*\.(key|p12|pfx|jks|kdbx))(/|$)")
SECRET_VARIABLES = re.compile(r"(PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|PRIVATE|API_?KEY)[A-Z_]*=(?!/)\S", re.IGNORECASE)
BUILD_ONLY = re.compile(
    r"^(usr/bin/(gcc|cc|clang|swift|swiftc|ld|make|git|curl|wget|node|esbuild|python3?|gpg)|usr/include/.+|"
    r"usr/lib/swift.*|usr/share/man/.+\.gz|var/lib/apt/lists/.+_Packages.*|var/cache/apt/.+\.(deb|bin)|"
    r".*/libswift[A-Za-z]*\.so.*|var/log/.+\.log|root/\.cache/.*|studio/.*|out/.*)$")
LABELS = ["title", "description", "version", "revision"]


def docker(*arguments):
    result = subprocess.run(["docker", *arguments], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"docker {' '.join(arguments)}: {result.stderr.strip()}")
    return result.stdout


def settings(about, image, megabytes):
    """What is wrong with how the image is to be run."""
    config = about["Config"]
    if not re.fullmatch(r"[1-9][0-9]*:[1-9][0-9]*", config.get("User") or ""):
        yield f"the user is {config.get('User') or 'root'!r}, not a number and a group's number beyond 0"
    if (config.get("Healthcheck") or {}).get("Test") in (None, [], ["NONE"]):
        yield "there is no health check"
    if config.get("StopSignal") != "SIGTERM":
        yield "SIGTERM is not the stop signal"
    for label in LABELS:
        if not (config.get("Labels") or {}).get(f"org.opencontainers.image.{label}"):
            yield f"there is no label org.opencontainers.image.{label}"
    for variable in config.get("Env") or []:
        if SECRET_VARIABLES.search(variable) and not variable.split("=")[0].endswith("_FILE"):
            yield f"a secret in the environment: {variable.split('=')[0]}"
    for line in docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", image).splitlines():
        if SECRET_VARIABLES.search(line):
            yield f"a secret in the history: {line[:60]}…"
    if about["Size"] > megabytes * 1_000_000:
        yield f"{about['Size'] / 1e6:.0f} MB are more than {megabytes} MB"


def section_names(elf):
    """The names of the sections of a 64-bit ELF file."""
    if elf[:5] != b"\x7fELF\x02":
        return None
    offset, = struct.unpack_from("<Q", elf, 0x28)
    size, count, names = struct.unpack_from("<HHH", elf, 0x3A)
    start, = struct.unpack_from("<Q", elf, offset + names * size + 0x18)
    for index in range(count):
        name, = struct.unpack_from("<I", elf, offset + index * size)
        yield elf[start + name:elf.index(b"\0", start + name)].decode()


def files(image, program):
    """What is wrong with the files."""
    container = docker("create", "--network", "none", image).strip()
    try:
        with subprocess.Popen(["docker", "export", container], stdout=subprocess.PIPE) as export:
            with tarfile.open(fileobj=export.stdout, mode="r|") as archive:
                for member in archive:
                    yield from file(archive, member, program)
            if export.wait() != 0:
                sys.exit(f"docker export of {image} failed")
    finally:
        docker("rm", container)


def file(archive, member, program):
    name, mode = member.name.removeprefix("./"), member.mode
    if member.isfile() and mode & (stat.S_ISUID | stat.S_ISGID):
        yield f"/{name} is setuid or setgid"
    if not member.issym() and mode & stat.S_IWOTH and not (member.isdir() and mode & stat.S_ISVTX):
        if not member.ischr():
            yield f"/{name} can be written by everybody"
    if SECRET_NAMES.search(name) and not name.startswith("etc/ssl/private") and not member.isdir():
        yield f"/{name} has a secret's name"
    # Logs and caches that are empty are left where the base has them: to delete them would be a note of its own.
    if BUILD_ONLY.search(name) and (member.issym() or member.size > 0):
        yield f"/{name} belongs to building"
    if not member.isfile():
        return
    content = archive.extractfile(member).read()
    if f"/{name}" == program:
        if member.uid == 10001 or mode & 0o022:
            yield f"/{name} can be changed by the user that it runs as"
        if ".symtab" in (section_names(content) or [".symtab"]):
            yield f"/{name} is not stripped"
    # Programs and libraries have the beginnings of keys in them, to know them by.
    elif content[:4] != b"\x7fELF":
        if KEY.search(content):
            yield f"/{name} has a private key in it"
        if TOKENS.search(content):
            yield f"/{name} has a token in it"


def libraries(image, program, dockerfile):
    """What is wrong with the libraries: missing, of Swift, or installed by the Dockerfile and used by nobody."""
    script = f"ldd {program}; echo --; ldd {program} | awk '$3 ~ /^\\// {{ print $3 }}' | xargs readlink -f | " \
        "while read -r path; do dpkg --search $path 2>/dev/null || dpkg --search ${path#/usr} 2>/dev/null; done"
    needed, owners = docker("run", "--rm", "--network", "none", "--entrypoint", "/bin/sh", image, "-c",
                            script).split("--\n", 1)
    for line in needed.splitlines():
        if "not found" in line:
            yield f"a library is missing: {line.strip()}"
        if "libswift" in line or "libFoundation" in line:
            yield f"Swift's runtime is not linked statically: {line.strip()}"
    used = {line.split(":")[0] for line in owners.splitlines()}
    with open(dockerfile, encoding="utf-8") as text:
        last = text.read().split("\nFROM ")[-1]
    installed = re.findall(r"\blib[a-z0-9.+-]+", last.split("--no-install-recommends", 1)[1].split("&&", 1)[0])
    for package in installed:
        if package not in used:
            yield f"{package} is installed, and {program} uses none of its libraries"


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    image, dockerfile, megabytes = sys.argv[1], sys.argv[2], int(sys.argv[3])
    about = json.loads(docker("image", "inspect", image))[0]
    program = about["Config"]["Entrypoint"][0]
    faults = [*settings(about, image, megabytes), *files(image, program), *libraries(image, program, dockerfile)]
    for fault in faults:
        print(f"{image}: {fault}")
    print(f"{image}: {about['Size'] / 1e6:.0f} MB, {len(faults)} fault(s)")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
