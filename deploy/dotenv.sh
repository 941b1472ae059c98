#!/bin/sh
# Prints a .env for docker-compose.yml with fresh secrets: sh deploy/dotenv.sh > .env
set -eu

secret() {
    od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'
}

cat <<END
# Read by docker compose. Keep it: the passwords below are also in the stores' volumes.
# development: plain HTTP on 127.0.0.1. production: behind a proxy that ends TLS and sends X-Forwarded-Proto.
ENVIRONMENT=development
ALLOWED_HOSTS=localhost,127.0.0.1
SECRET_KEY=$(secret 32)
DATABASE_PASSWORD=$(secret 16)
S3_ACCESS_KEY=puppies
S3_SECRET_KEY=$(secret 16)
END
