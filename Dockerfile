# The program and nothing else: configuration, columns and data are mounted (docker-compose.yml).
FROM python:3.13-slim
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN useradd --system --uid 10001 --user-group --no-create-home gongkai
WORKDIR /srv/gongkai
COPY requirements.lock ./
RUN pip install --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY crawler crawler
# The columns that a wheel brings lie in the folder that is mounted; the image has none. --compile: nobody may write bytecode later.
RUN mkdir -p config/sources && pip install --compile --no-deps . && rm -rf crawler build \
    && install -d -o gongkai -g gongkai data
USER 10001:10001
ENTRYPOINT ["gongkai"]
CMD ["run", "--wait"]
