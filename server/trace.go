package server

import (
	"context"
	"net/http"
	"os"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/muster-id/muster/web"
)

// tracing sends spans where the standard variables of OpenTelemetry say. The
// zero tracing sends none and costs nothing.
type tracing struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// newTracing reads the environment. Without an endpoint there is no tracing.
func newTracing(ctx context.Context, b Build) (tracing, error) {
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" ||
		os.Getenv("OTEL_SDK_DISABLED") == "true" || os.Getenv("OTEL_TRACES_EXPORTER") == "none" {
		return tracing{}, nil
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return tracing{}, err
	}
	// What the environment says of the service wins over our name for it.
	about, err := resource.Merge(
		resource.NewSchemaless(attribute.String("service.name", "muster"), attribute.String("service.version", b.Version)),
		resource.Environment())
	if err != nil {
		return tracing{}, err
	}
	p := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))
	return tracing{p, p.Tracer("github.com/muster-id/muster")}, nil
}

// start is what web.Options.Start wants, nil without tracing.
func (t tracing) start() func(*http.Request, web.Trace) (context.Context, func(string, int)) {
	if t.tracer == nil {
		return nil
	}
	return func(r *http.Request, from web.Trace) (context.Context, func(string, int)) {
		ctx := r.Context()
		if !from.IsZero() {
			var flags trace.TraceFlags
			ctx = trace.ContextWithRemoteSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{
				TraceID: trace.TraceID(from.ID), SpanID: trace.SpanID(from.Span),
				TraceFlags: flags.WithSampled(from.Sampled), Remote: true,
			}))
		}
		method := web.Method(r.Method)
		ctx, span := t.tracer.Start(ctx, method, trace.WithSpanKind(trace.SpanKindServer),
			trace.WithAttributes(attribute.String("http.request.method", method)))
		return ctx, func(route string, status int) {
			span.SetName(method + " " + route)
			span.SetAttributes(attribute.String("http.route", route), attribute.Int("http.response.status_code", status))
			if status >= 500 {
				span.SetStatus(codes.Error, strconv.Itoa(status))
			}
			span.End()
		}
	}
}

// stop sends what is left.
func (t tracing) stop(ctx context.Context) error {
	if t.provider == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}
