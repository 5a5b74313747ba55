# Everything that this file does is one Go command away; .ci/run does the same
# on a clean machine.

GO ?= go
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME ?= 5000x

.DEFAULT_GOAL := help
.PHONY: help run test check vet race measures fuzz bench build fmt

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## start Muster with a demo organisation
	$(GO) run ./cmd/muster dev

test: ## run all tests
	$(GO) test ./...

check: vet test race measures ## what CI checks, without installing anything

vet: ## formatting, go vet, staticcheck
	@test -z "$$(gofmt -l .)" || { echo "gofmt would change:"; gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

race: ## the tests that the race detector can afford
	$(GO) test -race -short ./scim/... ./store/... ./directory

measures: ## print the measures of the code
	@$(GO) test -count=1 -v -run 'TestMeasures' ./arch

fuzz: ## fuzz every parser for FUZZTIME (5000x)
	./.ci/fuzz $(FUZZTIME)

bench: ## measure on SQLite and PostgreSQL, and write docs/figures.md
	$(GO) run ./bench -db both -out docs/figures

build: ## make the binary ./muster
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o muster ./cmd/muster

fmt: ## format the code
	gofmt -w .
