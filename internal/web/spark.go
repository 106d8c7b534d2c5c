package web

import (
	"fmt"
	"strings"
)

// Sparkline is a small series, drawn as bars and told as words.
type Sparkline struct {
	// Values are the bars from left to right; none is less than 0.
	Values []float64
	// Label says what it shows, with its numbers, for people who do not see
	// it: "24 hours, 120 posts, most at 14:00".
	Label string
}

// sparkBar is one bar on a drawing 4 × len wide and 20 high.
type sparkBar struct{ X, Y, H string }

// sparkDrawing is what the template draws.
type sparkDrawing struct {
	Width int
	Bars  []sparkBar
	Label string
}

const sparkHeight = 20.0

// spark lays a sparkline out. Attributes only: the page allows no inline style.
func spark(s Sparkline) sparkDrawing {
	d := sparkDrawing{Width: 4 * len(s.Values), Label: s.Label}
	top := 0.0
	for _, v := range s.Values {
		top = max(top, v)
	}
	for i, v := range s.Values {
		h := 0.0
		if top > 0 && v > 0 {
			h = max(1, v/top*sparkHeight)
		}
		d.Bars = append(d.Bars, sparkBar{fmt.Sprint(4 * i), trim(sparkHeight - h), trim(h)})
	}
	return d
}

// trim writes a length to a tenth.
func trim(x float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", x), ".0") }
