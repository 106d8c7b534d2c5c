package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/akashi-project/akashi/internal/api"
)

// Run serves until ctx ends, then lets requests and jobs end. ready, where
// given, is told the address once it is listened on.
func (a *App) Run(ctx context.Context, ready func(address string)) error {
	c := a.Config.Server
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", c.Listen, err)
	}
	if err := a.startJobs(ctx); err != nil {
		_ = listener.Close()
		return err
	}
	follow, leave := context.WithCancel(ctx)
	var following sync.WaitGroup
	following.Go(func() { a.Live.Run(follow) })
	news, ignore := a.Live.Listen()
	defer ignore()
	following.Go(func() { a.Alerts.Run(follow, news) })
	defer following.Wait()
	defer leave()
	if err := a.Watch.Start(ctx); err != nil {
		// One source that is wrong keeps nobody from working.
		a.log.ErrorContext(ctx, "not every source could begin", "error", err)
	}
	registry := a.metrics()
	main := newServer(a.handler(registry), a.log)
	failed := make(chan error, 2)
	servers := []*http.Server{main}
	go func() {
		if c.TLSCert != "" {
			failed <- main.ServeTLS(listener, c.TLSCert, c.TLSKey)
		} else {
			failed <- main.Serve(listener)
		}
	}()
	if m := a.Config.Metrics; m.Enabled && m.Listen != "" {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", m.Listen)
		if err != nil {
			return errors.Join(fmt.Errorf("listening on %s: %w", m.Listen, err), a.stop(servers))
		}
		own := newServer(exposed(registry), a.log)
		servers = append(servers, own)
		go func() { failed <- own.Serve(l) }()
	}
	if ready != nil {
		ready(listener.Addr().String())
	}
	select {
	case <-ctx.Done():
		a.log.Info("stopping")
		return a.stop(servers)
	case err := <-failed:
		return errors.Join(fmt.Errorf("serving: %w", err), a.stop(servers))
	}
}

// newServer makes a server that slow or silent clients cannot hold.
func newServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// stop ends the servers and the jobs, in stopTime at most.
func (a *App) stop(servers []*http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	a.Web.Stop()
	a.Runner.Close()
	var errs []error
	for _, s := range servers {
		if err := s.Shutdown(ctx); err != nil {
			errs = append(errs, fmt.Errorf("ending requests: %w", err), s.Close())
		}
	}
	return errors.Join(append(errs, a.Jobs.Stop(ctx))...)
}

// handler answers for everything: pages, health, and metrics where they have no
// address of their own.
func (a *App) handler(registry *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, nil) })
	mux.HandleFunc("GET /readyz", a.ready)
	if m := a.Config.Metrics; m.Enabled && m.Listen == "" {
		mux.Handle("GET /metrics", a.Auth.Load(a.readers(exposed(registry))))
	}
	mux.Handle(api.Prefix+"/", a.API)
	mux.Handle("POST /push/{source}", a.Pushed)
	if a.Hub != nil {
		mux.Handle(hubPath, a.Hub)
	}
	mux.Handle("/", a.Web)
	return mux
}

// answer writes what a health check reads.
func answer(w http.ResponseWriter, status int, wrong map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"status": http.StatusText(status), "wrong": wrong}) //nolint:errchkjson // texts only; who asked may be gone
}

// ready says whether the stores answer and the log takes lines.
func (a *App) ready(w http.ResponseWriter, r *http.Request) {
	wrong := map[string]string{}
	for name, err := range a.check(r.Context()) {
		switch {
		case errors.Is(err, errBehind):
			wrong[name] = "does not keep up"
		case err != nil:
			a.log.ErrorContext(r.Context(), "not ready", "part", name, "error", err)
			wrong[name] = "does not answer"
		}
	}
	if len(wrong) > 0 {
		answer(w, http.StatusServiceUnavailable, wrong)
		return
	}
	answer(w, http.StatusOK, nil)
}

// errBehind says that lines wait for the log for long.
var errBehind = errors.New("too many lines wait for the log")

// check looks at all parts, in five seconds at most.
func (a *App) check(ctx context.Context) map[string]error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	out := map[string]error{"posts": a.Posts.Ping(ctx), "casework": a.DB.Ping(ctx), "log": nil}
	if a.Audit.Waiting() > waitingLines {
		out["log"] = errBehind
	}
	return out
}

// waitingLines is how many lines may wait for the log before something must be
// wrong with it.
const waitingLines = 100_000

// exposed serves metrics.
func exposed(registry *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return mux
}

// metrics gathers what can be counted from outside.
func (a *App) metrics() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &gauges{a: a})
	return r
}

// gauges asks the parts when somebody asks for metrics.
type gauges struct{ a *App }

var (
	postsDesc    = prometheus.NewDesc("akashi_posts", "Posts in the store, without deleted ones.", nil, nil)
	accountsDesc = prometheus.NewDesc("akashi_accounts", "Accounts in the store.", nil, nil)
	bytesDesc    = prometheus.NewDesc("akashi_posts_bytes", "Size of the post store on disk.", nil, nil)
	linesDesc    = prometheus.NewDesc("akashi_log_lines", "Signed lines of the log.", nil, nil)
	waitingDesc  = prometheus.NewDesc("akashi_log_waiting_lines", "Lines that wait for the log.", nil, nil)
)

// Describe names the metrics.
func (g *gauges) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(g, ch) }

// Collect reads them.
func (g *gauges) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v int64) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	span, err := g.a.Posts.Span(ctx)
	if err != nil {
		ch <- prometheus.NewInvalidMetric(postsDesc, err)
		return
	}
	gauge(postsDesc, span.Posts)
	gauge(accountsDesc, span.Accounts)
	gauge(bytesDesc, span.Bytes)
	gauge(linesDesc, g.a.Audit.Size())
	gauge(waitingDesc, g.a.Audit.Waiting())
}
