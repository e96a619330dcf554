#!/usr/bin/env bash
# Measures the studio beside its peers in one run and prints the ratios. The peers are installed here, from Debian and
# PyPI, into .studio/bench; nothing else on the machine is changed. Everything it starts stops with it, however it ends.
# Usage: make bench [ONLY=submissions,latency,…] [QUICK=1]; harness/main.py says what there is to choose.
set -euo pipefail
cd "$(dirname "$0")/.."
home=.studio/bench
mkdir -p "$home"
scripts/install-system-packages.sh
missing=()
for package in wrk ffmpeg git-lfs python3-venv; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if ((${#missing[@]})); then
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
if [ ! -x "$home/venv/bin/uvicorn" ]; then
  /usr/bin/python3 -m venv "$home/venv"
  "$home/venv/bin/pip" install -q -r Benchmarks/peer/requirements.txt
fi
swift build -c release --product GatewayServer
swift build -c release --product RenderWorker
case ",${ONLY:-publish,fanout}," in *,publish,* | *,canvas,*)
  swift build -c release --package-path Benchmarks --product Measure ;;
esac
case ",${ONLY:-publish,fanout}," in *,fanout,*)
  swift build -c release --package-path Benchmarks --product Listeners ;;
esac
case ",${ONLY:-page}," in *,page,*)
  # The Python with Playwright, which the page's tests use, and the page itself.
  # shellcheck source=scripts/lib/common.sh
  . scripts/lib/common.sh
  # shellcheck source=scripts/lib/python-environment.sh
  . scripts/lib/python-environment.sh
  use_web_environment
  Web/build.sh --if-new ;;
esac
exec "$home/venv/bin/python" Benchmarks/harness/main.py
