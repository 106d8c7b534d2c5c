#!/bin/sh
# Installs a personal data server of Bluesky, a directory of identities and a
# Jetstream into the folder $1, for the test TestRealServers.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
cd "$1"
mkdir -p src
(
	cd src
	[ -f go.mod ] || go mod init servers
	go mod edit -require=github.com/bluesky-social/jetstream@v0.0.0-20250414024304-d17bd81a945e
	go build -mod=mod -o ../jetstream github.com/bluesky-social/jetstream/cmd/jetstream
)
[ -f package.json ] || echo '{"private":true}' >package.json
npm install --no-audit --no-fund --ignore-scripts @atproto/pds@0.4.209 @did-plc/server@0.0.1
npm rebuild better-sqlite3 sharp
cp "$here/servers.cjs" .
touch ready
