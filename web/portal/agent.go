package portal

import "strings"

// An agent is what a User-Agent header says, as far as it is worth telling
// people: browsers claim to be each other, so the more particular name counts.
type agent struct {
	Browser, System string // "" if unknown
	Mobile          bool
}

// A sign is a part of the header that gives a name away.
type sign struct{ part, name string }

var browserSigns = []sign{
	{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"EdgiOS/", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"},
	{"Vivaldi/", "Vivaldi"}, {"YaBrowser/", "Yandex"}, {"FxiOS/", "Firefox"}, {"Firefox/", "Firefox"}, {"CriOS/", "Chrome"},
	{"HeadlessChrome/", "Chrome"}, {"Chromium/", "Chromium"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"},
}

var systemSigns = []sign{
	{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"CrOS", "ChromeOS"}, {"Windows", "Windows"},
	{"Macintosh", "macOS"}, {"FreeBSD", "FreeBSD"}, {"OpenBSD", "OpenBSD"}, {"Linux", "Linux"},
}

// readAgent reads a User-Agent header.
func readAgent(header string) agent {
	a := agent{Browser: firstOf(browserSigns, header), System: firstOf(systemSigns, header)}
	a.Mobile = a.System == "iPhone" || a.System == "iPad" || a.System == "Android"
	return a
}

func firstOf(signs []sign, header string) string {
	for _, s := range signs {
		if strings.Contains(header, s.part) {
			return s.name
		}
	}
	return ""
}
