#!/usr/bin/env bash
# The studio in containers, as the Makefile asks for it: scripts/compose.sh COMMAND [ARGUMENTS]
#
#   up [WORKERS]      builds the images (BUILD=0 does not) and starts the studio; returns when it answers;
#                     GATEWAYS=2 beside WITH=tls
#   scale N           runs N workers
#   roll              exchanges the gate, gateways and workers, one after the other, for new ones of the images and settings of now
#   down              stops it and keeps the data
#   clean             removes the data too, after asking (FORCE=1 does not ask)
#   logs [SERVICE]    follows the logs; TAIL=20 lines of before, of each container
#   login             shows the first login
#   ps, images, push  what runs; builds the images and shows their sizes; sends them to their registry
#   new-project NAME [TITLE]   makes a project
#   shell SERVICE     a shell in a running container
#   psql, redis-cli   the database's and the queues' own programs; arguments are theirs
#   flower            starts Flower beside the studio and shows its address and login
#   run ARGUMENTS     anything of Compose's, with the right files
#
# WITH=comfyui,gpu,… adds compose/docker-compose.<name>.yml. Takes `docker compose` and `docker-compose`.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
# shellcheck source=scripts/lib/common.sh
. "$here/lib/common.sh"
# shellcheck source=scripts/lib/compose.sh
. "$here/lib/compose.sh"

up() {
    local workers=${1:-${WORKERS:-1}} gateways=${GATEWAYS:-1}
    [[ $workers =~ ^[0-9]+$ ]] || die "WORKERS=$workers is not a number."
    [[ $gateways =~ ^[1-9][0-9]*$ ]] || die "GATEWAYS=$gateways is not a number."
    if [ "${BUILD:-1}" != 0 ]; then
        if chosen dev; then run_compose build builder; else "$here/build-images.sh" gateway worker; fi
    fi
    share_ports "$gateways"
    find_engine
    remember_files
    # What overrides bring and is not there is built by Compose itself.
    run_compose up --detach --scale "worker=$workers" --scale "gateway=$gateways" --scale "engine-gate=$gates" || explain_failure
    await_gateway 300
    say ''
    say "The studio is up with $workers worker(s): http://$(published)"
    if chosen tls; then say "  for others: https://$(setting TLS_NAMES localhost | cut -d , -f 1):$(setting TLS_PORT 443)"; fi
    login
    say 'make logs follows it, make scale N=5 changes the number of workers, make down stops it and keeps the data.'
}

# share_ports COUNT: several gateways cannot have one port: each gets a free one, and what stands before them has the one
# that people use.
share_ports() { [ "$1" -le 1 ] || export GATEWAY_PUBLISH=127.0.0.1:; }

explain_failure() {
    local address
    address=$(setting GATEWAY_PUBLISH 127.0.0.1:8000)
    if ! stack_runs && [[ ${address##*:} =~ ^[0-9]+$ ]] && ! port_is_free "${address##*:}"; then
        warn "Port ${address##*:} is in use. Choose another: GATEWAY_PUBLISH=127.0.0.1:8001 make up"
    fi
    run_compose logs --no-color --tail 3 setup prepare >&2 || true
    die 'The studio did not start; what Compose says of it is above, make logs shows what its parts say.'
}

login() {
    local id email status=0
    id=$(running_ids gateway | sed -n 1p)
    [ -n "$id" ] || die 'The studio does not run: make up'
    # shellcheck disable=SC2016
    email=$(docker exec "$id" /bin/sh -c 'printf %s "$STUDIO_ADMIN_EMAIL"')
    # A restore brings people with the passwords they had: the one that this stack has made is nobody's then.
    docker exec "$id" timeout 60 GatewayServer first-login --check >/dev/null 2>&1 || status=$?
    if [ "$status" = 3 ]; then
        say '  The first login was changed, or came with a restore: people sign in with the passwords they had.'
        say "  Who lost that of $email: GatewayServer first-login --reset, in make shell-gateway, and make login after it"
        return
    fi
    say "  first login: $email  $(docker exec "$id" cat /run/secrets/studio/admin-password)"
    [ "$status" = 0 ] || say '  (as it was made; whether it still is valid could not be found out)'
}

scale() {
    [[ ${1:-} =~ ^[0-9]+$ ]] || die 'How many workers? make scale N=5'
    stack_runs || die 'The studio does not run: make up'
    find_engine
    # Those that workers need keep their number.
    run_compose up --detach --no-recreate --scale "worker=$1" --scale "gateway=$(running_ids gateway | wc -l)" \
        --scale "engine-gate=$gates" worker engine-gate
    say "$(running_ids worker | wc -l) worker(s) run."
}

# One after the other: who is told to stop finishes what it does, and the others work on. A gateway comes first, since it
# brings the database to what the new ones expect. Where there is one alone it is away for some seconds.
roll() {
    local service ids id
    stack_runs || die 'The studio does not run: make up'
    share_ports "$(running_ids gateway | wc -l)"
    find_engine
    if [ "$gates" != 0 ]; then (roll_gate) || warn 'The gate is not well: functions in containers wait. The rest goes on.'; fi
    for service in gateway worker; do
        mapfile -t ids < <(running_ids "$service")
        for id in "${ids[@]}"; do
            docker stop "$id" >/dev/null
            docker rm "$id" >/dev/null
            run_compose up --detach --no-deps --no-recreate --scale "$service=${#ids[@]}" "$service"
            await_healthy "$service" "${#ids[@]}" 300
        done
        say "${#ids[@]} $service(s) exchanged."
    done
}

# The gate is of the workers' image, and speaks their version. Functions in containers lose their engine with it, and are begun
# again: it is left alone where it is what it would be.
roll_gate() {
    local id
    id=$(running_ids engine-gate | sed -n 1p)
    if [ -n "$id" ]; then
        [ "$(docker inspect --format '{{.Image}}' "$id")" != \
            "$(docker image inspect --format '{{.Id}}' "$(setting WORKER_IMAGE studio/worker)")" ] || return 0
        { docker stop "$id" && docker rm "$id"; } >/dev/null || return 1
    fi
    run_compose up --detach --no-deps --no-recreate --scale engine-gate=1 engine-gate || return 1
    await_healthy engine-gate 1 120
    say '1 engine-gate exchanged.'
}

down() {
    # An engine may still be at taking the last container out of a network that is to go: once more, then.
    run_compose down --remove-orphans || run_compose down --remove-orphans
    say 'Stopped. Database, queues, secrets and projects are kept: make up goes on with them, make clean removes them.'
}

clean() {
    if [ "${FORCE:-}" != 1 ]; then
        [ -t 0 ] || die 'This removes the database, the queues and every project. FORCE=1 says that this is meant.'
        read -rp "Remove database, queues, secrets and every project of the studio in containers ($project)? [y/N] " answer
        [ "$answer" = y ] || { say 'Kept.'; return; }
    fi
    run_compose down --volumes --remove-orphans || run_compose down --volumes --remove-orphans
    # What came with an override that is not named now.
    docker volume ls --quiet --filter "label=com.docker.compose.project=$project" | xargs --no-run-if-empty docker volume rm >/dev/null
    rm -f "$remembered"
}

images() {
    "$here/build-images.sh" gateway worker
    docker image ls "$(setting GATEWAY_IMAGE studio/gateway)"
    docker image ls "$(setting WORKER_IMAGE studio/worker)" | tail -n +2
}

# Beside what runs, which keeps the files it was started with.
flower() {
    local file=$repository/compose/docker-compose.flower.yml address
    [[ " ${files[*]} " == *" $file "* ]] || files+=(-f "$file")
    find_engine
    run_compose up --detach --no-recreate flower
    address=$(run_compose port flower 5555 | sed -n 1p)
    say "Flower is at http://$address, user studio, password $(run_compose exec -T flower cat /run/secrets/studio/password)"
    say 'make down stops it with the studio.'
}

# The engine pushes, not Compose: overrides may have images that belong to others.
push() {
    local image
    for image in "$(setting GATEWAY_IMAGE studio/gateway)" "$(setting WORKER_IMAGE studio/worker)"; do
        [[ $image == */*/* || $image == *.*/* || $image == *:*/* ]] ||
            die "$image names no registry: make images push GATEWAY_IMAGE=registry/studio/gateway:1.0.0 WORKER_IMAGE=registry/studio/worker:1.0.0"
        docker push "$image"
    done
}

usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; }

command=${1:-help}
[ $# -eq 0 ] || shift
case $command in help | --help | -h)
    usage
    exit
    ;;
esac
find_compose
choose_files
case $command in
up | scale | roll | down | clean | login | images | push | flower) "$command" "$@" ;;
logs) run_compose logs --follow --tail "${TAIL:-20}" "$@" ;;
ps) run_compose ps "$@" ;;
new-project) exec_in gateway GatewayServer project create "$1" ${2:+--title "$2"} ;;
shell) exec_in "${1:?which service?}" /bin/sh ;;
psql) exec_in postgres psql --username=studio --dbname=studio "$@" ;;
redis-cli)
    # shellcheck disable=SC2016
    exec_in redis /bin/sh -c 'REDISCLI_AUTH=$(cat /run/secrets/studio/password) exec redis-cli "$@"' redis-cli "$@"
    ;;
run)
    find_engine
    run_compose "$@"
    ;;
*)
    usage >&2
    exit 2
    ;;
esac
