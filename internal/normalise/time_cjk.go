package normalise

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// unit sets the field that the Chinese, Japanese or Korean counter at the
// start of s names to v. It takes nothing where there is none.
func (f *fields) unit(s string, v int) (int, error) {
	r, n := utf8.DecodeRuneInString(s)
	var field *int
	switch r {
	case '年', '년':
		field = &f.year
	case '月', '월':
		field = &f.month
	case '日', '일', '号':
		field = &f.day
	case '時', '时', '시', '点', '點':
		field = &f.hour
	case '分', '분':
		field = &f.minute
	case '秒', '초':
		field = &f.sec
	default:
		return 0, nil
	}
	if *field >= 0 {
		return 0, fmt.Errorf("it states %c twice", r)
	}
	*field = v
	return n, nil
}

// eastAsian reads the halves of the day and skips weekdays, in Chinese,
// Japanese and Korean, and dots between parts.
func (f *fields) eastAsian(s string) (int, error) {
	for _, h := range [...]struct {
		name string
		half half
	}{
		{"午前", am}, {"午後", pm}, {"上午", am}, {"下午", pm}, {"오전", am}, {"오후", pm},
	} {
		if strings.HasPrefix(s, h.name) && f.half == wholeDay {
			f.half = h.half
			return len(h.name), nil
		}
	}
	r, n := utf8.DecodeRuneInString(s)
	switch r {
	case '·', '•', '・', '、', '–', '—', '\u200e', '\u200f':
		return n, nil
	case '月', '火', '水', '木', '金', '土', '日':
		if strings.HasPrefix(s[n:], "曜日") {
			return n + len("曜日"), nil
		}
		if strings.HasPrefix(s[n:], "曜") {
			return n + len("曜"), nil
		}
	case '월', '화', '수', '목', '금', '토', '일':
		if strings.HasPrefix(s[n:], "요일") {
			return n + len("요일"), nil
		}
	case '星':
		if rest, ok := strings.CutPrefix(s, "星期"); ok && rest != "" {
			_, m := utf8.DecodeRuneInString(rest)
			return len("星期") + m, nil
		}
	}
	return 0, fmt.Errorf("%q is not expected", r)
}
