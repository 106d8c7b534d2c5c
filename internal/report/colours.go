package report

import (
	"html/template"
	"strconv"
)

// palette counts the colours and shapes for groups; later groups are grey.
const palette = 8

// shapes are the marks of groups, as SVG paths around the origin with a radius
// of about 5. The first belongs to grey; the script draws the same.
func shapes() [palette + 1]string {
	return [...]string{
		"M-4 0A4 4 0 1 0 4 0A4 4 0 1 0-4 0Z",
		"M-5 0A5 5 0 1 0 5 0A5 5 0 1 0-5 0Z",
		"M-4.4-4.4H4.4V4.4H-4.4Z",
		"M0-5.6L5.4 4.2H-5.4Z",
		"M0-6L6 0L0 6L-6 0Z",
		"M0 5.6L5.4-4.2H-5.4Z",
		"M-1.8-5.4H1.8V-1.8H5.4V1.8H1.8V5.4H-1.8V1.8H-5.4V-1.8H-1.8Z",
		"M-2.9-5H2.9L5.8 0L2.9 5H-2.9L-5.8 0Z",
		"M0-6.2L1.5-1.9L6-1.9L2.4.8L3.7 5.2L0 2.6L-3.7 5.2L-2.4.8L-6-1.9L-1.5-1.9Z",
	}
}

// colour is the number of a group's colour class, 0 for grey.
func colour(group int) int {
	if group < 0 || group >= palette {
		return 0
	}
	return group + 1
}

// marks are the ready-made marks by colour number.
func marks() [palette + 1]template.HTML {
	var m [palette + 1]template.HTML
	for i, path := range shapes() {
		m[i] = template.HTML(`<svg class="m c` + strconv.Itoa(i) +
			`" viewBox="-7 -7 14 14" aria-hidden="true"><path d="` + path + `"/></svg>`)
	}
	return m
}
