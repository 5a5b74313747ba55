package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// A row is one load with its figures: medians over the rounds.
type row struct {
	Name      string  `json:"name"`
	Ratio     float64 `json:"ratio"` // thousandths of the yardstick
	PerSecond float64 `json:"perSecond"`
	Yardstick float64 `json:"yardstickPerSecond"`
	P50       float64 `json:"p50ms"`
	P99       float64 `json:"p99ms"`
	OpenRate  float64 `json:"openPerSecond,omitempty"`
	OpenP50   float64 `json:"openP50ms,omitempty"`
	OpenP99   float64 `json:"openP99ms,omitempty"`
	Target    int     `json:"target,omitempty"`
	Reached   bool    `json:"reached"`
}

// A fact is one figure that is not a ratio to the yardstick.
type fact struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Target  string `json:"target,omitempty"`
	Reached bool   `json:"reached"`
}

// A report is everything measured on one database.
type report struct {
	Database string     `json:"database"` // "sqlite", "postgres"
	Version  string     `json:"version"`
	Machine  string     `json:"machine"`
	Date     string     `json:"date"`
	Users    int        `json:"users"`
	Conns    int        `json:"connections"`
	Rounds   int        `json:"rounds"`
	Seconds  float64    `json:"secondsPerRound"`
	Rows     []row      `json:"rows"`
	Facts    []fact     `json:"facts"`
	Walk     walkReport `json:"walk"`
}

func (r *report) fact(name, target string, reached bool, format string, a ...any) {
	r.Facts = append(r.Facts, fact{name, fmt.Sprintf(format, a...), target, reached})
}

// find returns the row of a name.
func (r *report) find(name string) row {
	for _, row := range r.Rows {
		if row.Name == name {
			return row
		}
	}
	return row{}
}

// markdown prints the report as two tables.
func (r *report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n%s; %s; %s. %d users, %d connections, medians of %d rounds of %g s.\n\n",
		title(r.Database), r.Version, r.Machine, r.Date, r.Users, r.Conns, r.Rounds, r.Seconds)
	b.WriteString("| work | ‰ of yardstick | target | requests/s | p50 ms | p99 ms | open loop: at/s | p50 ms | p99 ms |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, w := range r.Rows {
		target := "–"
		if w.Target > 0 {
			target = fmt.Sprintf("≥ %d %s", w.Target, mark(w.Reached))
		}
		fmt.Fprintf(&b, "| %s | %.1f | %s | %.0f | %.2f | %.2f |", cell(w.Name), w.Ratio, target, w.PerSecond, w.P50, w.P99)
		if w.OpenRate > 0 {
			fmt.Fprintf(&b, " %.0f | %.2f | %.2f |\n", w.OpenRate, w.OpenP50, w.OpenP99)
		} else {
			b.WriteString(" – | – | – |\n")
		}
	}
	b.WriteString("\n| figure | value | target |\n|---|--:|--:|\n")
	for _, f := range r.Facts {
		target := "–"
		if f.Target != "" {
			target = f.Target + " " + mark(f.Reached)
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", cell(f.Name), f.Value, target)
	}
	return b.String()
}

func title(database string) string {
	return map[string]string{"sqlite": "SQLite", "postgres": "PostgreSQL"}[database]
}

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func mark(reached bool) string {
	if reached {
		return "✓"
	}
	return "✗"
}

// machine describes the machine in one line.
func machine(goVersion string) string {
	model := "unknown processor"
	cpu, _ := os.ReadFile("/proc/cpuinfo")
	for text := range strings.Lines(string(cpu)) {
		if name, v, _ := strings.Cut(text, ":"); strings.TrimSpace(name) == "model name" {
			model = strings.TrimSpace(v)
			break
		}
	}
	kernel, _ := exec.Command("uname", "-sr").Output()
	return fmt.Sprintf("%d × %s, %s, %s", runtime.NumCPU(), model, strings.TrimSpace(string(kernel)), goVersion)
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func mb(n int64) float64 { return float64(n) / (1 << 20) }
