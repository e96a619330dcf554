#!/bin/sh
# Makes a certificate for TLS_NAMES, signed by an authority of its own, where /certificates has none: studio.pem (the
# certificate and the authority's), studio.pem.key and authority.pem, which browsers and programs are to trust. The
# authority's key is thrown away: it signs nothing else.
set -eu
cd /certificates

if [ -s studio.pem ]; then
    openssl x509 -in studio.pem -noout -subject -enddate
    if ! openssl x509 -in studio.pem -noout -checkend 0 >/dev/null; then
        echo 'The certificate in studio.pem is over.' >&2
        exit 1
    fi
    exit 0
fi
if ! [ -w . ]; then
    echo "TLS_CERTIFICATES has no studio.pem, and user $(id -u) may not make one there." >&2
    exit 1
fi

names=
for name in $(printf '%s' "$TLS_NAMES" | tr ',' ' '); do
    case $name in
    *:* | *[0-9].*[0-9].*[0-9].*[0-9]) names="$names,IP:$name" ;;
    *) names="$names,DNS:$name" ;;
    esac
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 077
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj '/CN=Studio, made by itself' \
    -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign \
    -keyout "$work/authority.key" -out "$work/authority.pem" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=${TLS_NAMES%%,*}" \
    -keyout "$work/studio.pem.key" -out "$work/request" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
printf '%s\n' "subjectAltName=${names#,}" basicConstraints=critical,CA:FALSE extendedKeyUsage=serverAuth >"$work/extensions"
# 825 days: Apple's systems refuse what is good for longer.
openssl x509 -req -in "$work/request" -CA "$work/authority.pem" -CAkey "$work/authority.key" -CAcreateserial -days 825 \
    -extfile "$work/extensions" -out "$work/certificate" 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
cat "$work/certificate" "$work/authority.pem" >"$work/studio.pem"
cp "$work/studio.pem.key" studio.pem.key
cp "$work/authority.pem" authority.pem
# Last, and as a whole: it is what says that all are there.
cp "$work/studio.pem" .studio.pem.new
chmod 0644 authority.pem .studio.pem.new
mv .studio.pem.new studio.pem
echo "A certificate for $TLS_NAMES was made; authority.pem beside it is what clients are to trust."
