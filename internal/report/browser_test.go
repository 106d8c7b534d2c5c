package report

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestBrowser looks at the page in Chromium, in both languages and themes, wide
// and narrow. It runs where AKASHI_BROWSER_TESTS=1 and needs node, chromium and
// the packages playwright-core and axe-core in node_modules at the module's
// root. AKASHI_SCREENSHOTS names a folder that keeps what it saw.
func TestBrowser(t *testing.T) {
	if os.Getenv("AKASHI_BROWSER_TESTS") != "1" {
		t.Skip("set AKASHI_BROWSER_TESTS=1 to look at the page in a browser")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not on PATH")
	}
	var chrome string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if chrome, err = exec.LookPath(name); err == nil {
			break
		}
	}
	if chrome == "" {
		t.Skip("no chromium on PATH")
	}
	for _, name := range []string{"playwright-core", "axe-core"} {
		if err := exec.Command(node, "-e", "require.resolve('"+name+"')").Run(); err != nil {
			t.Skipf("%s is not in node_modules at the module's root: run npm ci there", name)
		}
	}

	dir := t.TempDir()
	args := []string{"browser_test.cjs", chrome}
	for _, p := range []struct {
		name string
		r    *Report
	}{{"fixture", fixture()}, {"hostile", hostile()}, {"large", large(4000, 20000, 40)}} {
		file := filepath.Join(dir, p.name+".html")
		if err := os.WriteFile(file, []byte(render(t, p.r)), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	if shots := os.Getenv("AKASHI_SCREENSHOTS"); shots != "" {
		args = append(args, shots)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, args...)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
}
