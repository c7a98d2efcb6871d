FROM python:3.13-slim
RUN useradd --create-home --uid 10001 gongkai
WORKDIR /srv/gongkai
COPY requirements.lock pyproject.toml README.md LICENSE NOTICE ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY crawler crawler
RUN pip install --no-cache-dir --no-deps . && mkdir -p data && chown gongkai data
COPY config config
USER gongkai
ENTRYPOINT ["gongkai"]
CMD ["run"]
