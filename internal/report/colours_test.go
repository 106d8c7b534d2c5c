package report

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"testing"
)

// tokens reads a colour token of the style sheet in both themes.
func tokens(t *testing.T, name string) [2][3]float64 {
	t.Helper()
	m := regexp.MustCompile(`--` + name + `: light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)`).FindStringSubmatch(pageStyle)
	if m == nil {
		t.Fatalf("no token --%s", name)
	}
	var c [2][3]float64
	for i := range c {
		for j := range 3 {
			v, err := strconv.ParseUint(m[i+1][1+2*j:3+2*j], 16, 8)
			if err != nil {
				t.Fatal(err)
			}
			f := float64(v) / 255
			if f <= 0.04045 {
				c[i][j] = f / 12.92
			} else {
				c[i][j] = math.Pow((f+0.055)/1.055, 2.4)
			}
		}
	}
	return c
}

func luminance(c [3]float64) float64 { return 0.2126*c[0] + 0.7152*c[1] + 0.0722*c[2] }

// contrast is the contrast ratio of WCAG 2.
func contrast(a, b [3]float64) float64 {
	la, lb := luminance(a)+0.05, luminance(b)+0.05
	return max(la, lb) / min(la, lb)
}

// sights are full colour vision and the three kinds of dichromacy, as matrices
// on linear RGB (Machado, Oliveira and Fernandes 2009, severity 1).
var sights = map[string][3][3]float64{
	"full":         {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	"protanopia":   {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
	"deuteranopia": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.01182, 0.04294, 0.968881}},
	"tritanopia":   {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.3039}},
}

// lab is the colour in CIELAB as seen through a matrix.
func lab(c [3]float64, m [3][3]float64) [3]float64 {
	var s [3]float64
	for i := range 3 {
		s[i] = min(1, max(0, m[i][0]*c[0]+m[i][1]*c[1]+m[i][2]*c[2]))
	}
	f := func(v float64) float64 {
		if v > 0.008856 {
			return math.Cbrt(v)
		}
		return 7.787*v + 16.0/116
	}
	x := f((0.4124*s[0] + 0.3576*s[1] + 0.1805*s[2]) / 0.95047)
	y := f(luminance(s))
	z := f((0.0193*s[0] + 0.1192*s[1] + 0.9505*s[2]) / 1.08883)
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

func TestColoursOfGroups(t *testing.T) {
	paper := tokens(t, "paper")
	for theme, name := range []string{"light", "dark"} {
		for i := range palette + 1 {
			c := tokens(t, fmt.Sprintf("c%d", i))[theme]
			if r := contrast(c, paper[theme]); r < 3 {
				t.Errorf("%s: colour %d has contrast %.2f on the page, want 3", name, i, r)
			}
			if i == 0 {
				continue
			}
			for j := 1; j < i; j++ {
				d := tokens(t, fmt.Sprintf("c%d", j))[theme]
				for sight, m := range sights {
					a, b := lab(c, m), lab(d, m)
					if e := math.Hypot(math.Hypot(a[0]-b[0], a[1]-b[1]), a[2]-b[2]); e < 15 {
						t.Errorf("%s, %s: colours %d and %d are only %.1f apart", name, sight, j, i, e)
					}
				}
			}
		}
	}
}

func TestContrastOfText(t *testing.T) {
	for _, ground := range []string{"paper", "panel"} {
		g := tokens(t, ground)
		for _, ink := range []string{"ink", "ink-soft", "accent", "warn", "good", "bad"} {
			c := tokens(t, ink)
			for theme, name := range []string{"light", "dark"} {
				if r := contrast(c[theme], g[theme]); r < 4.5 {
					t.Errorf("%s: --%s on --%s has contrast %.2f, want 4.5", name, ink, ground, r)
				}
			}
		}
	}
}
