# Not 24.19 or newer as long as better-sqlite3 is 12: docs/operations.md. The digest of a newer one:
#   docker buildx imagetools inspect node:24.11.1-bookworm-slim
ARG NODE_IMAGE=node:24.11.1-bookworm-slim@sha256:48abc13a19400ca3985071e287bd405a1d99306770eb81d61202fb6b65cf0b57

FROM ${NODE_IMAGE} AS build
WORKDIR /app
# better-sqlite3 and bcrypt bring binaries; the compiler is for platforms that they have none for.
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install -y --no-install-recommends g++ make python3 \
  && rm -rf /var/lib/apt/lists/*
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json bundle.js ./
COPY src src
# Most packages are in the bundle from here on; what is left of node_modules is native code.
RUN npm run build && npm prune --omit=dev && find dist -name '*.map' -delete

FROM ${NODE_IMAGE}
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data
WORKDIR /app
# What the image needs no more: it installs nothing.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn* \
  && install -d -o node -g node -m 0700 /data
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY templates templates
COPY package.json LICENSE ./
USER node
# Nothing else is written: run it with a read-only root file system.
VOLUME /data
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/readyz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Not by npm: it would not pass SIGTERM on.
CMD ["node", "dist/main.js"]
