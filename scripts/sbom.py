#!/usr/bin/env python3
"""Writes what an image is made of as an SPDX 2.3 document: sbom.py IMAGE FILE

Debian's packages as dpkg in the image knows them, the Swift packages that the program was linked with, and the libraries
that the page was bundled from, as the build left them in /usr/share/studio. Needs Docker and nothing beside Python.
The same image makes the same document.
"""

import hashlib
import json
import re
import subprocess
import sys
import urllib.parse

FIELDS = ["Package", "Version", "Architecture", "source:Package", "source:Version", "Maintainer", "Homepage"]


def inside(image, *command):
    """What a program prints in the image; None where it fails, as `cat` does for a file that is not there."""
    result = subprocess.run(
        ["docker", "run", "--rm", "--network", "none", "--entrypoint", command[0], image, *command[1:]],
        capture_output=True, text=True)
    if result.returncode in (125, 126, 127):
        sys.exit(f"{image}: {result.stderr.strip()}")
    return result.stdout if result.returncode == 0 else None


def package(kind, name, version, url, supplier="NOASSERTION", location="NOASSERTION", **more):
    identity = re.sub(r"[^A-Za-z0-9.-]", "-", f"{kind}-{name}-{version}")
    return {
        "SPDXID": f"SPDXRef-{identity}", "name": name, "versionInfo": version, "supplier": supplier,
        "downloadLocation": location, "filesAnalyzed": False, "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION",
        "externalRefs": [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": url}], **more}


def quoted(text):
    return urllib.parse.quote(text, safe="")


def debian(image):
    form = "\\t".join("${%s}" % field for field in FIELDS) + "\\n"
    listing = inside(image, "dpkg-query", "--show", f"--showformat={form}")
    if not listing:
        sys.exit(f"{image}: dpkg knows of no packages")
    for line in listing.splitlines():
        name, version, architecture, source, source_version, maintainer, homepage = line.split("\t")
        more = {"sourceInfo": f"built from the source package {source} {source_version}"}
        if homepage:
            more["homepage"] = homepage
        yield package(
            "deb", name, version,
            f"pkg:deb/debian/{quoted(name)}@{quoted(version)}?arch={architecture}&distro=bookworm",
            supplier=f"Organization: {maintainer}", **more)


def swift(image):
    document = inside(image, "cat", "/usr/share/studio/Package.resolved")
    if document is None:
        sys.exit(f"{image}: no /usr/share/studio/Package.resolved: not an image of the studio's")
    for pin in json.loads(document)["pins"]:
        state, location = pin["state"], pin["location"]
        version = state.get("version") or state.get("branch") or state["revision"]
        place = re.sub(r"^https://|\.git$", "", location)
        yield package(
            "swift", pin["identity"], version, f"pkg:swift/{place}@{quoted(version)}",
            location=f"git+{location}@{state['revision']}")


def page(image):
    for line in (inside(image, "cat", "/usr/share/studio/page-libraries.txt") or "").splitlines():
        name, version = line.split(" ")
        yield package(
            "page", name, version, f"pkg:deb/debian/{quoted(name)}@{quoted(version)}?arch=all&distro=bookworm",
            comment="bundled into the page below /usr/share/studio/web")


def document(image):
    about = json.loads(subprocess.run(
        ["docker", "image", "inspect", image], check=True, capture_output=True, text=True).stdout)[0]
    labels = about["Config"]["Labels"] or {}
    digest = about["Id"].removeprefix("sha256:")
    whole = package(
        "image", labels.get("org.opencontainers.image.title", image),
        labels.get("org.opencontainers.image.version", "unknown"),
        f"pkg:oci/{quoted(image.rsplit('/', 1)[-1].split(':')[0])}@sha256%3A{digest}",
        comment=f"revision {labels.get('org.opencontainers.image.revision', 'unknown')}")
    whole["primaryPackagePurpose"] = "CONTAINER"
    parts = sorted([*debian(image), *swift(image), *page(image)], key=lambda part: part["SPDXID"])
    return {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": image,
        "documentNamespace": f"urn:studio:sbom:{hashlib.sha256(digest.encode()).hexdigest()}",
        "creationInfo": {"created": about["Created"][:19] + "Z", "creators": ["Tool: generative-media-studio sbom"]},
        "documentDescribes": [whole["SPDXID"]],
        "packages": [whole, *parts],
        "relationships": [
            {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
             "relatedSpdxElement": whole["SPDXID"]},
            *({"spdxElementId": whole["SPDXID"], "relationshipType": "CONTAINS",
               "relatedSpdxElement": part["SPDXID"]} for part in parts)],
    }


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    image, path = sys.argv[1:]
    made = document(image)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(made, file, indent=2, ensure_ascii=False)
        file.write("\n")
    print(f"{path}: {len(made['packages']) - 1} parts of {image}")


if __name__ == "__main__":
    main()
