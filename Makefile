# Akashi. "make" lists what can be made.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Reference data beside the checkout: tests that compare with other tools'
# results read it, and are skipped (and say so) where it is not.
export REFERENCE_DATA := $(abspath $(or $(REFERENCE_DATA),../shared/data))

VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null)
LDFLAGS  := -s -w -X main.release=$(VERSION)
FUZZTIME ?= 10s

GOLANGCI_VERSION := v2.15.0
GOLANGCI := .cache/golangci-lint-$(GOLANGCI_VERSION)/golangci-lint

# Packages in which goroutines share memory.
RACE := ./coordination ./internal/collect/file ./internal/detect

# A test that lacks reference data says so by naming REFERENCE_DATA; where the data
# is there, none may be skipped for want of it.
FORBID := $(if $(wildcard $(REFERENCE_DATA)/coordination/reference/*),-forbid REFERENCE_DATA)

.PHONY: help
help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/akashi
	CGO_ENABLED=1 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/akashi ./cmd/akashi

.PHONY: modules
modules:
	@.ci/setup go
	@.ci/setup compiler

.PHONY: setup
setup: modules ## Install what the checks need and this machine lacks (says what)
	@mkdir -p .cache
	@.ci/setup lint $(GOLANGCI_VERSION) $(GOLANGCI)
	@.ci/setup browser

.PHONY: test
test: setup lint build race browser unit ## Check everything: format, vet, linters, tests, the report in a browser

.PHONY: lint
lint: ## Check the format, go vet and the linters
	@echo "lint: gofmt"; bad=$$(go list -f '{{.Dir}}' ./... | xargs gofmt -l | sort -u); \
	  if [ -n "$$bad" ]; then echo "not formatted (make fmt):" $$bad; exit 1; fi
	@echo "lint: go vet"; go vet ./...
	@if [ -x $(GOLANGCI) ]; then echo "lint: golangci-lint"; $(GOLANGCI) run ./...; \
	  else echo "lint: golangci-lint is not there (make setup)"; fi

.PHONY: unit
unit: ## Run the tests (those in a browser: make browser)
	@echo "unit: ./..."; go run ./internal/testrun $(FORBID) -- -skip '^TestBrowser' ./...

.PHONY: browser
browser: ## Look at the report and at the pages in Chromium (out/screenshots)
	@if [ -d node_modules/playwright-core ] && [ -d node_modules/axe-core ] && command -v node >/dev/null && \
	    { command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null; then \
	  echo "browser: ./internal/report ./internal/web ./internal/app ./cmd/akashi"; \
	  AKASHI_BROWSER_TESTS=1 go run ./internal/testrun -forbid '' -- -timeout 25m -run '^TestBrowser' ./internal/report ./internal/web ./internal/app ./cmd/akashi; \
	  else echo "browser: left out, for node, Chromium or node_modules is not there (make setup)"; fi

.PHONY: race
race: ## Run the tests of the packages with goroutines under the race detector
	@echo "race: $(RACE)"; go run ./internal/testrun -- -race -short $(RACE)

.PHONY: bluesky-servers
bluesky-servers: ## Install the servers of Bluesky that a test of its collector runs
	@sh internal/collect/bluesky/testdata/install.sh .cache/bluesky

.PHONY: demo
demo: modules build ## Simulate a campaign, find it, serve the pages (DATA=FILE: your own posts)
	bin/akashi demo --data out/demo-data $(if $(DATA),'$(DATA)')

.PHONY: demo-report
demo-report: modules build ## The same as one page, without a server (DATA=FILE: your own posts)
	@mkdir -p out/demo
ifdef DATA
	bin/akashi detect '$(DATA)' -o out/demo/report
else
	bin/akashi simulate treated-water -o out/demo/posts.ndjson.gz
	bin/akashi detect out/demo/posts.ndjson.gz --truth out/demo/posts.truth.csv --title 'Treated water: a made-up campaign（処理水・架空の作戦）' -o out/demo/report
endif
	@$(call open,out/demo/report/report.html)

IRA := $(firstword $(DATA) $(wildcard $(REFERENCE_DATA)/coordination/ira-2016-10.csv.gz))

.PHONY: demo-ira
demo-ira: modules build ## Find groups in the Internet Research Agency's tweets, compared with researchers' labels
ifeq ($(IRA),)
	@echo "The tweets are not at $(REFERENCE_DATA)/coordination/ira-2016-10.csv.gz. FiveThirtyEight publishes them (CC BY 4.0):"
	@echo "  git clone --depth 1 https://github.com/fivethirtyeight/russian-troll-tweets ../russian-troll-tweets"
	@echo "  make demo-ira DATA='../russian-troll-tweets/IRAhandle_tweets_*.csv'"
	@exit 1
else
	bin/akashi detect $(or $(DATA),$(IRA)) --truth-column account_category --show-accounts -o out/ira
	@$(call open,out/ira/report.html)
endif

# open says where a report is and how to see it.
define open
printf '\nThe report: %s\n' '$(1)'; printf '  in a browser:  file://%s\n' '$(abspath $(1))'; \
  if command -v xdg-open >/dev/null; then printf '  or:            xdg-open %s\n' '$(1)'; fi
endef

.PHONY: web
web: ## Build the pages' scripts and styles anew (web/ into internal/web/dist, which is committed)
	@.ci/setup browser
	npm run build

.PHONY: bench
bench: build ## Measure: Go benchmarks, then whole processes (docs/benchmarks.md)
	go test -run '^$$' -bench . -benchmem ./...
	go run ./internal/bench

.PHONY: quality
quality: ## Print how well accounts are ranked on the labelled sets
	go run ./internal/bench quality

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (10s)
	@grep -rHo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . | sed 's/:func / /' | sort | \
	  while read -r file name; do echo "fuzz: $$(dirname "$$file") $$name"; \
	    go test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) "$$(dirname "$$file")" </dev/null; done

.PHONY: cover
cover: ## Measure which lines the tests reach (out/coverage.html)
	@mkdir -p out
	go test -coverpkg=./... -coverprofile=out/coverage.txt ./...
	@go tool cover -html out/coverage.txt -o out/coverage.html
	@go tool cover -func out/coverage.txt | tail -1

.PHONY: fmt
fmt: ## Format the Go files
	go list -f '{{.Dir}}' ./... | xargs gofmt -w

.PHONY: update-golden
update-golden: ## Write the golden files anew; look at the difference before committing
	@grep -rl --include='*_test.go' 'flag.Bool("update"' . | xargs -r -n1 dirname | sort -u | \
	  while read -r dir; do go test "$$dir" -update </dev/null; done

.PHONY: clean
clean: ## Remove what was built and made
	rm -rf bin out .cache node_modules
