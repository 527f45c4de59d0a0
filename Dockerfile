# Built in two stages: the second holds no compiler and no package manager's cache, and runs as nobody special.
FROM python:3.11-slim AS build
WORKDIR /build
COPY requirements.txt pyproject.toml README.md ./
RUN python -m venv /desk && /desk/bin/pip install --no-cache-dir --require-hashes -r requirements.txt
COPY app app
COPY bot bot
COPY web web
COPY agent agent
COPY tools tools
COPY memory memory
COPY integrations integrations
COPY content content
RUN /desk/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11-slim
RUN useradd --create-home --uid 10001 desk && install -d -o desk -g desk /data
COPY --from=build /desk /desk
USER desk
WORKDIR /home/desk
ENV PATH=/desk/bin:$PATH COPYDESK_DATA_DIR=/data COPYDESK_HOST=0.0.0.0 COPYDESK_PORT=8321 COPYDESK_LOG_FILE=-
VOLUME /data
EXPOSE 8321
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8321/health', timeout=4)"]
CMD ["copydesk", "serve"]
