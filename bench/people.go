package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// URNs of the schemas that the generated resources use.
const (
	userURN       = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupURN      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	patchURN      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	bulkURN       = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
)

// A people makes users: user i of one seed is the same on every machine.
type people struct{ seed uint64 }

// A name is written in its own script and, for the user name, in ASCII.
type name struct{ script, ascii string }

// A script is names of one writing system with a locale that uses it.
type script struct {
	locale, zone  string
	given, family []name
}

// names reads "Łukasz=lukasz, Zofia=zofia".
func names(list string) (all []name) {
	for pair := range strings.SplitSeq(list, ", ") {
		written, ascii, _ := strings.Cut(pair, "=")
		all = append(all, name{written, ascii})
	}
	return all
}

var scripts = []script{
	{"en-GB", "Europe/London",
		names("Alice=alice, Oliver=oliver, Charlotte=charlotte, Maximilian=maximilian, Grace=grace, Henry=henry, Imogen=imogen, Rupert=rupert, Siân=sian, Theodore=theodore"),
		names("Smith=smith, Martindale=martindale, O’Connor=oconnor, Featherstonehaugh=featherstonehaugh, Blackwood=blackwood, Carter=carter, Hughes=hughes, Lovelace=lovelace, Turing=turing, Whitaker=whitaker")},
	{"pl-PL", "Europe/Warsaw",
		names("Łukasz=lukasz, Małgorzata=malgorzata, Zbigniew=zbigniew, Agnieszka=agnieszka, Bożena=bozena, Czesław=czeslaw, Grażyna=grazyna, Józef=jozef, Świętosława=swietoslawa, Wojciech=wojciech"),
		names("Wiśniewski=wisniewski, Brzęczyszczykiewicz=brzeczyszczykiewicz, Żak=zak, Dąbrowska=dabrowska, Gołębiowski=golebiowski, Jabłońska=jablonska, Kowalczyk=kowalczyk, Pawłowska=pawlowska, Szczepaniak=szczepaniak, Wróbel=wrobel")},
	{"ru-RU", "Europe/Moscow",
		names("Екатерина=ekaterina, Дмитрий=dmitrii, Анастасия=anastasiia, Борис=boris, Владимир=vladimir, Галина=galina, Жанна=zhanna, Семён=semyon, Татьяна=tatiana, Юрий=iurii"),
		names("Иванова=ivanova, Достоевский=dostoevskii, Щербаков=shcherbakov, Бондаренко=bondarenko, Воробьёв=vorobyov, Кузнецова=kuznetsova, Лебедев=lebedev, Морозова=morozova, Соколов=sokolov, Чайковский=chaikovskii")},
	{"el-GR", "Europe/Athens",
		names("Ελένη=eleni, Γεώργιος=georgios, Αθανάσιος=athanasios, Βασιλική=vasiliki, Δήμητρα=dimitra, Ευάγγελος=evangelos, Ιωάννα=ioanna, Κωνσταντίνος=konstantinos, Παναγιώτα=panagiota, Σπυρίδων=spyridon"),
		names("Παπαδόπουλος=papadopoulos, Οικονόμου=oikonomou, Αγγελόπουλος=angelopoulos, Βλάχος=vlachos, Γεωργίου=georgiou, Δημητρίου=dimitriou, Καραγιάννης=karagiannis, Μακρής=makris, Νικολαΐδης=nikolaidis, Σταύρου=stavrou")},
	{"ar-EG", "Africa/Cairo",
		names("محمد=muhammad, فاطمة=fatima, خالد=khalid, ليلى=layla, يوسف=yusuf, مريم=maryam, حسن=hassan, نور=nour, طارق=tariq, زينب=zaynab"),
		names("الخطيب=alkhatib, عبد الرحمن=abdalrahman, المصري=almasri, حداد=haddad, منصور=mansour, النجار=alnajjar, شاهين=shahin, عثمان=uthman, فرج=faraj, قاسم=qasim")},
	{"he-IL", "Asia/Jerusalem",
		names("נועה=noa, יוסף=yosef, אביגיל=avigail, דוד=david, חנה=hannah, איתן=eitan, תמר=tamar, משה=moshe, שירה=shira, אורי=uri"),
		names("כהן=cohen, מזרחי=mizrahi, לוי=levi, פרץ=peretz, ביטון=biton, אברהם=avraham, פרידמן=friedman, מלכה=malka, אזולאי=azulay, שפירא=shapira")},
	{"hi-IN", "Asia/Kolkata",
		names("अनन्या=ananya, विवेक=vivek, प्रिया=priya, राजेश=rajesh, सुनीता=sunita, अर्जुन=arjun, दीपिका=deepika, मोहन=mohan, लक्ष्मी=lakshmi, हरीश=harish"),
		names("शर्मा=sharma, चट्टोपाध्याय=chattopadhyay, गुप्ता=gupta, पटेल=patel, सिंह=singh, मिश्रा=mishra, अग्रवाल=agarwal, जोशी=joshi, वर्मा=verma, यादव=yadav")},
	{"zh-CN", "Asia/Shanghai",
		names("秀英=xiuying, 建国=jianguo, 伟=wei, 芳=fang, 丽娟=lijuan, 志强=zhiqiang, 小红=xiaohong, 德华=dehua, 婷婷=tingting, 明=ming"),
		names("王=wang, 欧阳=ouyang, 李=li, 张=zhang, 刘=liu, 陈=chen, 司马=sima, 诸葛=zhuge, 赵=zhao, 周=zhou")},
	{"ja-JP", "Asia/Tokyo",
		names("さくら=sakura, 健太郎=kentaro, 陽菜=hina, 大翔=hiroto, 美咲=misaki, 翔太=shota, 結衣=yui, 拓海=takumi, 千尋=chihiro, ケンジ=kenji"),
		names("佐藤=sato, 長谷川=hasegawa, 鈴木=suzuki, 高橋=takahashi, 渡辺=watanabe, 小林=kobayashi, 吉田=yoshida, 山口=yamaguchi, 松本=matsumoto, 斎藤=saito")},
	{"ko-KR", "Asia/Seoul",
		names("서연=seoyeon, 민준=minjun, 지우=jiwoo, 하은=haeun, 도윤=doyun, 수빈=subin, 현우=hyunwoo, 예준=yejun, 지민=jimin, 은지=eunji"),
		names("김=kim, 남궁=namgung, 이=lee, 박=park, 최=choi, 정=jung, 황보=hwangbo, 강=kang, 조=cho, 윤=yoon")},
}

var (
	departments = []string{"Engineering", "Finance", "Human Resources", "Legal", "Logistics", "Marketing", "Procurement", "Research & Development", "Sales", "Support"}
	titles      = []string{"Accountant", "Architect", "Counsel", "Director", "Engineer", "Manager", "Nurse", "Teacher", "Technician", "Vice President"}
	cities      = []string{"Aberdeen", "Busan", "Casablanca", "Düsseldorf", "Gdańsk", "Kraków", "Lisboa", "Montréal", "São Paulo", "Zürich"}
)

// traits are what the random numbers decide about user i.
type traits struct {
	script        script
	given, family name
	rng           *rand.Rand
}

func (p people) traits(i int) traits {
	rng := rand.New(rand.NewPCG(p.seed, uint64(i)))
	s := scripts[rng.IntN(len(scripts))]
	return traits{s, pick(rng, s.given), pick(rng, s.family), rng}
}

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }

// userName is the user name of user i; it is also the address of the work
// e-mail.
func (p people) userName(i int) string {
	t := p.traits(i)
	return fmt.Sprintf("%s.%s.%07d@people.example", t.given.ascii, t.family.ascii, i)
}

// appendUser appends user i as a SCIM document of about 1.5 KB.
func (p people) appendUser(b []byte, i int) []byte {
	t := p.traits(i)
	user := p.userName(i)
	number, house, code, city := t.rng.IntN(9000000)+1000000, t.rng.IntN(200)+1, t.rng.IntN(100000), pick(t.rng, cities)
	return fmt.Appendf(b, `{"schemas":["%s","%s"],"userName":"%s","externalId":"hr-%07d",`+
		`"name":{"formatted":"%s %s","familyName":"%s","givenName":"%s"},`+
		`"displayName":"%s %s","nickName":"%s","profileUrl":"https://people.example/profiles/%07d",`+
		`"title":"%s","userType":"Employee","preferredLanguage":"%s","locale":"%s","timezone":"%s","active":true,`+
		`"emails":[{"value":"%s","type":"work","primary":true},{"value":"%s.%07d@home.example","type":"home"}],`+
		`"phoneNumbers":[{"value":"tel:+44-20-%07d","type":"work"},{"value":"tel:+44-79-%07d","type":"mobile"}],`+
		`"addresses":[{"type":"work","streetAddress":"%d Long Acre, Floor %d","locality":"%s","region":"Region %d","postalCode":"%05d","country":"GB","primary":true},`+
		`{"type":"home","formatted":"%d Mill Lane\\n%s %05d","streetAddress":"%d Mill Lane","locality":"%s","region":"Region %d","postalCode":"%05d","country":"GB"}],`+
		`"photos":[{"value":"https://people.example/photos/%07d/large.jpg","type":"photo"}],`+
		`"%s":{"employeeNumber":"%07d","costCenter":"CC-%04d","organization":"People Example Limited","division":"Division %d","department":"%s"}}`,
		userURN, enterpriseURN, user, i,
		t.given.script, t.family.script, t.family.script, t.given.script,
		t.given.script, t.family.script, t.given.script, i,
		pick(t.rng, titles), t.script.locale, t.script.locale, t.script.zone,
		user, t.given.ascii, i, number, number+1,
		t.rng.IntN(300)+1, t.rng.IntN(12), pick(t.rng, cities), t.rng.IntN(20), t.rng.IntN(100000),
		house, city, code, house, city, t.rng.IntN(20), code,
		i, enterpriseURN, i, t.rng.IntN(10000), t.rng.IntN(30), pick(t.rng, departments))
}

// fragment is a piece of the user name of user i, for "co": of the family name,
// or of the place where given and family name meet.
func (p people) fragment(i int) string {
	t := p.traits(i)
	given, family := t.given.ascii, t.family.ascii
	if len(family) < 4 || i%2 == 0 {
		return given[len(given)-2:] + "." + family[:min(3, len(family))]
	}
	return family[len(family)-4:]
}
