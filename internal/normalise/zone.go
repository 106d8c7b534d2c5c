package normalise

// zoneOffset gives the seconds east of UTC of a zone abbreviation in capitals.
//
// The North American ones have the meaning of RFC 5322 section 4.3, but for
// CST, which is also China's and Cuba's. The others are in the IANA time zone
// database and mean one zone in practice. known says that the abbreviation is
// one; where known and not single, it means several zones.
func zoneOffset(abbr string) (sec int, single, known bool) {
	const h, m = 3600, 60
	switch abbr {
	case "Z", "UTC", "GMT", "UT", "WET":
		return 0, true, true
	case "WEST", "CET", "MEZ", "WAT":
		return 1 * h, true, true
	case "CEST", "MESZ", "EET", "CAT", "SAST":
		return 2 * h, true, true
	case "EEST", "MSK", "TRT", "EAT", "IDT":
		return 3 * h, true, true
	case "IRST":
		return 3*h + 30*m, true, true
	case "PKT", "UZT":
		return 5 * h, true, true
	case "NPT":
		return 5*h + 45*m, true, true
	case "ICT", "WIB":
		return 7 * h, true, true
	case "HKT", "SGT", "MYT", "PHT", "PHST", "AWST", "WITA":
		return 8 * h, true, true
	case "JST", "KST", "WIT":
		return 9 * h, true, true
	case "ACST":
		return 9*h + 30*m, true, true
	case "AEST", "CHST":
		return 10 * h, true, true
	case "ACDT":
		return 10*h + 30*m, true, true
	case "AEDT":
		return 11 * h, true, true
	case "NZST":
		return 12 * h, true, true
	case "NZDT":
		return 13 * h, true, true
	case "BRT", "ART":
		return -3 * h, true, true
	case "NST":
		return -(3*h + 30*m), true, true
	case "EDT":
		return -4 * h, true, true
	case "EST", "CDT":
		return -5 * h, true, true
	case "MDT":
		return -6 * h, true, true
	case "MST", "PDT":
		return -7 * h, true, true
	case "PST", "AKDT":
		return -8 * h, true, true
	case "AKST":
		return -9 * h, true, true
	case "HST":
		return -10 * h, true, true
	case "CST", "IST", "BST", "AST", "ADT", "SST", "GST", "AMT", "ECT", "WST", "ET", "CT", "MT", "PT":
		return 0, false, true
	}
	return 0, false, false
}
