// Causes in programs' own words: what people write into a log when they know what went wrong.
// Weaker than the words of systems and libraries in the other tables, which stand in the way of no
// slot.
#include "query/why/rules.h"

namespace logboom::query::why {
namespace {

// One rule a line, or two: the formatter gives up on lines this long.
// clang-format off
constexpr Rule kRules[] = {
    // names
    {R"re((?i)\b(?:host ?name|name|dns|address) (?:name )?(?:look-?up|resolution|query)\b(?: (?:for|of) ~addr)?.{0,30}\b(?:fail\w*|unsuccessful|no answer|error|timed out))re",
     "external/dns", 75},
    {R"re((?i)\b(?:dns|resolver|nameserver)\b.{0,20}\bno (?:such )?(?:a |aaaa )?(?:record|address|entry|answer|host|name)s?\b(?: (?:for|of) ~addr)?)re",
     "external/dns", 75},
    {R"re((?i)~addr (?:could not|cannot|can't|couldn't|did not|does not) (?:be )?(?:looked up|resolved?)\b)re",
     "external/dns", 78},
    {R"re((?i)\bhost(?: ?name)? ~q~host~q (?:is |was )?(?:not known|unknown|not resolvable|does not resolve))re",
     "external/dns", 76},

    {R"re((?i)(?:cannot|could not|can't|couldn't|unable to|failed to) look ?up ~addr|: no such host\b|\b(?:name|host) ~addr (?:did|does|could) not (?:be )?resolved?\b)re",
     "external/dns", 76},

    // connections that were never made
    {R"re((?i)\b(?:nobody|nothing|no (?:one|server|service|process)) (?:is )?(?:listen(?:s|ing)?|there|answers?)\b(?: (?:on|at|behind) ~addr)?)re",
     "external/connect", 73},
    {R"re((?i)~addr (?:is |was |seems )?(?:to be )?(?:down|unreachable|not reachable|unavailable|offline|not (?:answering|responding|available|up)|dead)\b)re",
     "external/connect", 73},
    {R"re((?i)\b(?:server|service|host|store|database|db|api|endpoint|upstream|broker|backend|mirror|queue|cache|proxy|gateway|cluster|registry|repository|replica|primary|wiki|site)\b(?: \S+)? (?:is |was |seems )?(?:to be )?(?:down|offline|not (?:answering|responding|up|reachable|available)|unreachable|unavailable)\b)re",
     "external/connect", 68},
    {R"re((?i)\bconnect(?:ing|ion)?\b(?: to)?(?: ~addr)?.{0,20}\btime(?:out|d out|-out)\b)re",
     "external/connect", 73},
    {R"re((?i)(?:could not|cannot|can't|couldn't|unable to|failed to|did not|not able to) (?:open|make|get|set up|create|obtain|establish) (?:a |an |the |any )?(?:\w+ )?connections?\b(?: (?:to|with)(?: the)?(?: \w+)? ~addr)?)re",
     "external/connect", 73},
    {R"re((?i)(?:could not|cannot|can't|couldn't|unable to|failed to|did not|not able to) (?:reach|contact|dial|talk to|get through to|ping)\b(?:(?: the)?(?: \w+){0,2}? ~addr)?)re",
     "external/connect", 72},
    {R"re((?i)no route to ~addr)re", "external/connect", 78},
    {R"re((?i)\bconnection (?:attempt )?(?:to|with)(?: the)?(?: \w+)? ~addr.{0,20}\b(?:fail\w*|refused|impossible|timed out|not possible))re",
     "external/connect", 76},
    {R"re((?i)\brefused (?:the |our |my |a |to )?connect(?:ion)?s?\b(?:.{0,6}~addr)?)re",
     "external/connect", 75},
    {R"re((?i)\bno (?:answer|response|reply|reaction) (?:from|by|of)(?: the)?(?: \w+)? ~addr)re",
     "external/connect", 75},
    {R"re((?i)\bno (?:answer|response|reply|reaction) (?:from|by|of) (?:the )?(?:\w+ )?(?:server|service|host|api|database|upstream|broker|backend|peer|endpoint|wiki)\b)re",
     "external/connect", 70},
    {R"re((?i)(?:server|service|host|database|api|endpoint|upstream|broker|backend|mirror|peer|wiki|site|~addr)\b.{0,12} (?:did|does|would|has|will) ?n(?:o|')t (?:respond|answer|reply|react)(?:ed)?\b)re",
     "external/connect", 72},
    {R"re((?i)\b(?:gave up|tired of|timeout|timed out|stopped) (?:while )?(?:waiting|connecting|talking|listening) (?:for|to|on)(?: an answer (?:from|of))?(?: the)?(?: \w+)? ~addr)re",
     "external/connect", 70},
    {R"re((?i)\b(?:request|call|get|post|put|head|fetch|download|upload|poll|query|lookup|handshake)\b(?: (?:to|of|from|for))? (?:~addr|/\S+)?.{0,40}\b(?:timed out|time-?out)\b)re",
     "external/connect", 69},

    // connections that broke
    {R"re((?i)\b(?:server|peer|remote|other (?:side|end)|far (?:side|end)|host|backend|upstream|proxy|partner|broker)\b.{0,12} (?:hung up|went away|dropped (?:the |our |us)|closed (?:the |our )?(?:connection|stream|socket|channel|session)|reset (?:the |our )?connection|cut (?:us |the |off)|disconnected|closed\b))re",
     "external/reset", 73},
    {R"re((?i)\b(?:connection|stream|socket|channel|session|transfer|download)\b(?: to \S+)?.{0,20} (?:was |has been |got |is )?(?:dropped|cut(?: off)?|lost|interrupted|severed|broke(?:n)?(?: off)?|torn down|went down)\b)re",
     "external/reset", 70},
    {R"re((?i)\blost (?:the |our |its |my )?(?:\w+ )?connection\b(?: (?:to|with)(?: the)?(?: \w+)? ~addr)?)re",
     "external/reset", 72},
    {R"re((?i)\b(?:stream|transfer|download|response|body|answer|upload|reply)\b.{0,20} (?:ended|stopped|broke off|was cut|cut off|closed|finished) (?:too )?(?:early|prematurely|short|off|in the middle|after \d+))re",
     "external/reset", 72},
    {R"re((?i)\bshort read\b|\b(?:got|received|read|have)(?: only)? \d+ (?:bytes )?(?:of|out of) \d+ bytes)re",
     "external/reset", 66},

    // trust
    {R"re((?i)\b(?:tls|ssl|x\.?509|certificates?|cert|handshake)\b.{0,60}\b(?:unknown (?:certificate )?(?:authority|ca|issuer)|(?:not|un)[ -]?trusted|mismatch\w*|(?:has |have |is |was )?expired|ran out|not (?:yet |longer )?valid|revoked|self[- ]signed|(?:not|cannot|could not) be verified|verification (?:failed|error)|does not match|is (?:only )?(?:valid )?for \S+|failed|failure|rejected)\b)re",
     "external/tls", 73},
    {R"re((?i)(?:could not|cannot|can't|failed to|unable to) (?:verify|validate|trust) (?:the )?(?:\w+ )?(?:certificate|cert|chain|identity of)\b(?:.{0,12}? (?:of|for|from) ~addr)?)re",
     "external/tls", 76},

    // credentials
    {R"re((?i)\b(?:log-?in|log-?on|sign-?in|logging in|authentication|authori[sz]ation|bind)\b(?: (?:as|for|of)(?: user)? ~q(?P<user>[\w.@-]+)~q)?.{0,30}\b(?:refused|rejected|denied|failed|not accepted|declined|unsuccessful|impossible)\b)re",
     "external/auth", 73},
    {R"re((?i)\b(?:rejected|refused|declined|did(?: not|n't) (?:accept|like)|does(?: not|n't) accept) (?:our |the |my |these |this |its )?(?:\w+ )?(?:credentials?|password|log-?in|token|key|user ?name|secret|signature|cookie)\b)re",
     "external/auth", 75},
    {R"re((?i)\b(?:password|credentials?|pass ?phrase|log-?in|token|key|secret|signature|cookie|grant|session|ticket)\b(?: (?:for|of|from) \S+)? (?:was|were|is|are|has|have|got)(?: been)? (?:\w+ )?(?:rejected|refused|denied|declined|not (?:accepted|valid)|wrong|incorrect|revoked|expired|invalid|no longer (?:valid|accepted))\b|\b(?:password|credentials?|log-?in|token|key|secret|signature) (?:rejected|refused|denied|declined) by\b)re",
     "external/auth", 73},
    {R"re((?i)\baccount\b.{0,20} (?:is |was |has been )?(?:locked|disabled|suspended|deactivated|blocked|closed)\b)re",
     "external/auth", 86},
    {R"re((?i)\b(?:oauth|consumer|client|app|application|bot|user|account|tool)\b.{0,20} (?:is |was )?not (?:approved|authori[sz]ed|registered|permitted|allowed to (?:edit|log|post|use|push|pull|call|publish|upload))\b)re",
     "external/auth", 70},
    {R"re((?i)\bpermission denied (?:by|from|on) (?:the )?(?:server|database|remote|api|wiki)|\bpermission denied for (?:table|relation|schema|database|function|view|sequence|language)\b)re",
     "external/auth", 92},

    // answers; 401, 403 and 429 mean more: see meanings_of()
    {R"re(\b(?:GET|POST|PUT|DELETE|PATCH|HEAD|OPTIONS) \S+ (?:(?:->|=>|→|:|-|returned|gave|got|answered|responded|replied|said|failed|was|is|status|code|with|error|http|HTTP|HTTP/\d(?:\.\d)?|an?|the)[ :,=(]+)*(?:->|=>|→|returned|gave|got|answered|responded|replied|said|failed|was|status|code|with|error)[ :,=(]+(?:(?:->|=>|→|:|-|returned|gave|got|answered|responded|replied|said|failed|was|is|status|code|with|error|http|HTTP|HTTP/\d(?:\.\d)?|an?|the)[ :,=(]+)*(?P<status>[45]\d\d)\b)re",
     "external/http_status", 73},
    {R"re((?i)https?://~host(?::~port)?[^\s,;]*[:,]? \(?(?:(?:->|=>|→|:|-|returned|gave|got|answered|responded|replied|said|failed|was|is|status|code|with|error|http|HTTP|HTTP/\d(?:\.\d)?|an?|the)[ :,=(]+)*(?P<status>[45]\d\d)\b)re",
     "external/http_status", 72},
    {R"re((?i)\b(?:bad|unexpected|error|wrong|strange|unusable) (?:answer|response|reply|status)\b.{0,50}?\b(?P<status>[45]\d\d)\b)re",
     "external/http_status", 69},
    {R"re((?i)\b(?:server error|internal error|service error|api error|upstream error)[:,]? (?P<status>5\d\d)\b|\bstatus (?:code )?(?:was |is )?(?P<status2>[45]\d\d)\b)re",
     "external/http_status", 68},
    {R"re((?i)\b(?:answered|responded|replied|came back|failed|returned)(?: to us)? with (?:an? )?(?:error |status |code |http )*(?P<status>[45]\d\d)\b)re",
     "external/http_status", 70},
    {R"re((?P<status>429) (?:from|by|at)\b|\b(?:from|by) \S+:? (?P<status2>429)\b)re", "external/rate_limit", 75},
    {R"re((?i)\b(?:requests?|calls?|api|edits?|queries|rate|search)\b.{0,20} (?:limit|quota)\b.{0,40}\b(?:reached|exceeded|hit|used up|exhausted|over)\b|\b(?:limit|quota) of \d+ (?:\w+ )?(?:requests?|calls?|queries|edits?)\b.{0,30}\b(?:reached|exceeded|hit|used up|exhausted))re",
     "external/rate_limit", 73},
    {R"re((?i)\bthrottled by\b|\b(?:being|were|was|got|are) throttled\b|\brequests? (?:was |were )?throttled\b|\bslow down\b.{0,20}\brequests?|\brequests?\b.{0,30}\bslow down\b)re",
     "external/rate_limit", 72},

    {R"re((?i)\b(?:answer(?:ed|s)?|repl(?:y|ied|ies)|said|says|sent|gave|got|returned|response|result(?:ed in)?|failed|failure|error|code)[ (:=]+(?:a |an |us |was |with |is )*(?P<status>[45]\d\d)(?:$|[).,;:"' ]*$|[).,;:"']| (?-i:[A-Z(])| (?:from|by|for|on|at)\b))re",
     "external/http_status", 68},
    {R"re((?i)\b(?P<status>[45]\d\d) (?:from|by) (?:the )?(?:server|api|service|cdn|upstream|backend|gateway|proxy|host|wiki|mirror|registry|endpoint|~addr)\b)re",
     "external/http_status", 72},
    {R"re(\b(?P<status>429)\b.{0,40}\b(?:come back|retry|later|slow|wait|limit)|\bwants? us to slow down|\basked (?:us )?to slow down|(?:slow|back) (?:down|off).{0,30}\b(?P<status2>429)\b)re",
     "external/rate_limit", 76},

    // databases
    {R"re((?i)marked as crashed|\bdatabase\b.{0,20} (?:is )?(?:in recovery mode|starting up|shutting down|read-only|in maintenance)|\b(?:query|statement) (?:was |has been )?(?:killed|cancel\w+|interrupted|aborted)\b|max_statement_time|statement[_ ]timeout)re",
     "external/database", 73},

    // room
    {R"re((?i)\b(?:device|disk|volume|partition|file ?system|drive)\b(?: \S+)? (?:is |was |ran )?full\b|\b(?:full (?:disk|device|file ?system))\b|\bonly \d+(?:\.\d+)? ?[kmgt]?i?b(?:ytes)? (?:are |is )?(?:free|left|available)\b|\b(?:no|not enough|insufficient|too little|out of)(?: free| more| enough)?(?: disk| storage)? space\b)re",
     "resource/disk_full", 72},
    {R"re((?i)\b(?:bucket|storage|mailbox|project|home|disk|space|volume|upload)(?: size)? (?:limit|quota|allowance)\b.{0,30}\b(?:reached|exceeded|hit|used up|exhausted|full|over)\b|\bover (?:its |your |the |their |our )?(?:\w+ )?quota\b)re",
     "resource/quota", 75},
    {R"re((?i)\b(?:out of|no more|ran out of|cannot open (?:any )?more|could not open (?:any )?more|no free|too many(?: open)?) (?:file )?(?:descriptors?|handles?|files|sockets)\b)re",
     "resource/fd_limit", 72},
    {R"re((?i)(?:cannot|could not|can't|couldn't|unable to|failed to) (?:create|start|spawn|fork|launch) (?:any |a |yet )?(?:another|more|new|further|additional) (?:thread|process|worker|child)\w*)re",
     "resource/pid_limit", 70},
    {R"re((?i)\b(?:not enough|insufficient|ran out of|out of|too little|no more|no)(?: free| available)? (?:memory|heap|ram)\b|\bheap (?:space )?(?:is |was )?(?:exhausted|full|used up)|\bmemory (?:limit|budget|allowance)\b.{0,30}\b(?:reached|exceeded|hit|used up)\b)re",
     "resource/oom_runtime", 66},

    {R"re((?i)\b0 (?:bytes|kb|mb|gb|blocks) (?:are |is )?(?:free|left|available)\b|\bno room (?:left )?(?:on|in) (?:the )?(?:disk|volume|device|partition|file ?system|/)|\d ?[kmgt]?i?b(?:ytes)? (?:are |is )?(?:free|left|available)\b.{0,30}\b(?:need\w*|require\w*|want\w*)\b|\b(?:need\w*|require\w*|want\w*)\b.{0,20}\d ?[kmgt]?i?b\b.{0,20}\b(?:free|left|available)\b)re",
     "resource/disk_full", 72},
    {R"re((?i)\b(?:storage|space|plan|account|mailbox|quota|bucket)\b.{0,30}\b(?:exhausted|used up|is full|100 ?%)|\bused 100 ?% of\b)re",
     "resource/quota", 72},
    {R"re((?i)(?:could not|cannot|can't|couldn't|unable to|failed to) allocate\b|\ballocation of \d+ (?:\w+ )?(?:bytes|[kmg]i?b)\b.{0,20}fail)re",
     "resource/oom_runtime", 74},
    {R"re((?i)\bno room for (?:another|more|a new) (?:process|thread|worker)|\b(?:process|thread|task) (?:limit|table)\b.{0,30}\b(?:reached|full|hit|exceeded))re",
     "resource/pid_limit", 74},

    // time
    {R"re((?i)\b(?:ran|running|took|taking|lasted|worked|runs?|takes?) (?:for )?(?:longer|more) than (?:the )?(?:\w+ ){0,2}\d+|\b(?:time|run ?time|wall(?: clock)?|cpu(?: time)?|execution)[ -](?:limit|budget|allowance|quota)\b.{0,40}\b(?:exceeded|reached|hit|used up|over|exhausted|spent|expired)\b|\bmax(?:imum|\.)? (?:run ?time|run time|duration|execution time|time)\b.{0,20}\b(?:reached|exceeded|hit|over|passed)\b|\bdeadline\b.{0,30}\b(?:exceeded|passed|missed|reached|over|expired|hit)\b|\bran out of time\b|\bout of time\b)re",
     "resource/deadline", 70},
    {R"re((?i)\bdead-?lock(?:ed)?\b|\bwait(?:s|ing)? (?:for|on) each other\b|\b(?:made |making )?no progress (?:for|since|in)\b|\b(?:is|are|got|seems?|was|were) (?:stuck|hung|frozen|wedged)\b)re",
     "resource/hang", 66},

    // files
    {R"re((?i)~q~path~q:? (?:file )?(?:does not exist|doesn't exist|not found|(?:is |was )?missing|was not found|is not found|could not be found|cannot be found|(?:is|was) not there|no longer exists|not there)\b)re",
     "script/file_missing", 72},
    {R"re((?i)(?:cannot|can't|could not|couldn't|unable to|failed to|did not|didn't) (?:find|locate|see)~nouns ~q~path)re",
     "script/file_missing", 72},
    {R"re((?i)\b(?:missing|no such|no|expected|absent|lacks?)(?: \w+)? (?:file|directory|folder|path|dump|archive|template|input|image|script|list|table|sheet)s?(?: called| named| at)?:? ~q~path)re",
     "script/file_missing", 70},
    {R"re((?i)\b(?:nothing|no file|no such thing) (?:at|in|under|called)(?: path| directory)? ~q~path)re",
     "script/file_missing", 68},
    {R"re((?i)(?:file|directory|folder|dump|template|archive|input|image|script|list) ~q(?P<file>[\w./+@-]+)~q (?:does not exist|doesn't exist|(?:is |was )?missing|was not found|is not there))re",
     "script/file_missing", 72},
    {R"re((?i)\b(?:not allowed|not permitted|no permissions?|no rights?|lacks? (?:the )?(?:permissions?|rights?)|forbidden|may not|unable for lack of rights) (?:to )?(?:read|write|open|create|delete|access|modify|change|execute|list|remove|touch|use)(?: (?:to|from|in|into))?~nouns ~q~path)re",
     "script/permission", 76},
    {R"re((?i)\baccess to ~q~path~q (?:is |was )?(?:denied|forbidden|refused|not (?:permitted|allowed)))re",
     "script/permission", 76},

    {R"re((?i)~q~path~q (?:is|was|has) (?:gone|vanished|been (?:moved|deleted|removed)|moved away|not where)|~q~path~q.{0,40}\(?errno:? 2\b)re",
     "script/file_missing", 74},
    {R"re((?i)\b(?:expected|needed?|wanted|looked for|looking for|searched for) ~q~path~q,? (?:but|and) (?:could not|did not|cannot|it (?:is|was)|there (?:is|was)|found no))re",
     "script/file_missing", 74},
    {R"re((?i)~q~path~q (?:is |was )?(?:not executable|no executable|not marked (?:as )?executable|lacks? the execute bit))re",
     "platform/exec_denied", 78},
    {R"re((?i)\bneeds? (?:the )?(?:program|command|tool|utility|binary) ~q(?P<command>[\w.+-]+)~q\b.{0,40}\bnot\b)re",
     "script/command_not_found", 78},

    // programs
    {R"re((?i)\b(?:program|command|binary|executable|tool|utility|helper|converter) ~q(?P<command>[\w.+-]+)~q (?:is |was )?(?:not (?:found|installed|available|there)|missing|could not be found|cannot be found))re",
     "script/command_not_found", 75},
    {R"re((?i)(?:cannot|could not|can't|couldn't|unable to|failed to) (?:find|locate) (?:the )?(?:required |external |needed )?(?:program|command|binary|executable|tool|utility|helper) ~q(?P<command>[\w.+-]+))re",
     "script/command_not_found", 76},
    {R"re((?P<command>[\w.+-]+)['"’]? (?:is |was )?(?:not found|missing|not) (?:in|on|from|within)(?: the| your| our)? \$?PATH\b)re",
     "script/command_not_found", 78},
    {R"re((?P<command>[a-z][\w.+-]*)['"’]? (?:is |was )?not (?:found|installed)[,;.:(-]+ ?(?:please |is it |try |you (?:may |need |should )|have you |to |run )?(?:install|apt|brew|it installed))re",
     "script/command_not_found", 75},
    {R"re((?:^|\s)~q(?P<option>--[a-z][\w-]*)~q (?:must|cannot|can't|can not|may not|requires?|expects?|needs?|wants?|takes|should|is (?:required|mandatory|not|unknown|invalid|missing)|conflicts?|and --\S+ (?:are|cannot|can't|exclude|conflict))\b)re",
     "script/bad_args", 85},
    {R"re((?i)\b(?:must|need to|have to|please|should) (?:give|specify|provide|pass|supply|use|set)(?: either| one of| at least| exactly)*(?: one of)? ~q(?P<option>--[a-z][\w-]*))re",
     "script/bad_args", 85},
    {R"re((?i)\b(?:invalid|bad|wrong|illegal|missing|no) (?:\w+ ){0,3}(?:for|of|to|behind|after) (?:the )?(?:option |argument |flag )?~q(?P<option>--[a-z][\w-]*))re",
     "script/bad_args", 87},
    {R"re((?i)\b(?:expects?|expected|needs?|takes|wants?) (?:exactly |at least |at most )?(?:\d+|one|two|three) (?:positional )?(?:arguments?|parameters?)\b.{0,20}\b(?:got|given|but|have|were|was)\b|\b(?:too (?:many|few)|wrong number of|not enough|missing) (?:positional |command[- ]line )?(?:arguments?|parameters?)(?:$|[.,;:(]))re",
     "script/bad_args", 69},
    {R"re((?i)\b(?:parse|syntax) error (?:in|at) ~q(?P<file>[\w./-]+\.(?:sh|bash|zsh|py|pl|pm|rb|php|js|mjs|ts|awk|sed|lua|sql|mk|r|tcl|jq|ps1|bat))\b)re",
     "script/syntax", 76},
    {R"re((?i)\bunexpected (?:token|symbol|keyword|character|end of file|eof)\b.{0,30}\b(?:in|at) ~q(?P<file>[\w./-]+\.(?:sh|bash|zsh|py|pl|pm|rb|php|js|mjs|ts|awk|sed|lua|sql|mk|r|tcl|jq|ps1|bat))\b)re",
     "script/syntax", 75},

    {R"re((?i)\bno (?:such )?(?:switch|option|flag|argument|parameter) (?:called |named |like )?~q(?P<option>--?[a-z][\w-]*))re",
     "script/bad_args", 86},

    // environment and configuration
    {R"re(\b(?P<variable>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b.{0,24}\b(?:not|neither|nor|missing|absent|no such)\b.{0,24}\b(?:environment|env)\b)re",
     "platform/env", 76},
    {R"re((?i)\b(?:no value|nothing|no setting) (?:is )?(?:set |given )?(?:for|in) (?:the )?(?:environment )?variable ~q\$?(?-i:(?P<variable>[A-Z_][A-Z0-9_]*)))re",
     "platform/env", 76},
    {R"re((?:[Pp]lease|[Mm]ust|need to|have to|forgot to|[Dd]id you|should)\b.{0,12} (?:set|define|export) (?:the )?(?:environment |env )?(?:variable )?~q\$?(?P<variable>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)\b)re",
     "platform/env", 73},
    {R"re(\$\{?(?P<variable>[A-Z][A-Z0-9_]*)\}?['"]? (?:is |was )?(?:not set|unset|undefined|empty|missing|not defined)\b)re",
     "platform/env", 76},
    {R"re(\b(?P<variable>[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)['"]? (?:is |was |has )?(?:not (?:been )?|in)?(?:configured|provided|given|supplied|present|exported|valid)\b)re",
     "platform/env", 66},
    {R"re((?i)\b(?:locale|time ?zone|tz)\b.{0,30}\b(?:not (?:available|supported|found|installed|known)|unknown|unsupported|invalid)\b)re",
     "platform/env", 76},
    {R"re((?i)\b(?:setting|config(?:uration)?(?: file)?(?: value| key| option| entry| variable)?|key|option|parameter) ~q(?P<key>[A-Za-z][\w-]*(?:[.:/][\w-]+)+|[a-z]+_[\w]+)~q (?:is |was )?(?:missing|not (?:set|given|found|defined|configured|there)|required|undefined|empty)\b)re",
     "platform/env", 75},

    // what it depends on
    {R"re((?i)\b(?:module|package|gem|extension|plug-?in|add-?on|crate|dependency) ~q(?P<module>[\w.:/@+-]*\w)~q,? (?:is |was |which is )?(?:required |needed )?(?:but |and )?(?:(?:is |was )?not (?:be )?(?:installed|available|found|loaded|there)|(?:is |was )?missing|could not be (?:loaded|found|imported)|cannot be (?:loaded|found|imported)))re",
     "dependency/module_missing", 75},
    {R"re((?i)(?:could not|cannot|can't|couldn't|unable to|failed to) (?:import|require|load) (?:the )?(?:module|package|gem|extension|plug-?in)? ?~q(?P<module>[A-Za-z_][\w.:]*\w)~q(?:$|[:,;.] |\s\())re",
     "dependency/module_missing", 68},
    {R"re((?i)\b(?:please|try to|try|you (?:need|have) to|must) install (?:the )?~q(?P<module>[\w.:/@+-]*\w)~q (?:module|package|gem|extension|library|crate|plug-?in)|\bmissing (?:\w+ )?(?:dependency|module|package|gem|prerequisite)(?:: ?| )~q(?P<module2>[\w.:/@+-]*\w))re",
     "dependency/module_missing", 73},
    {R"re(\b(?P<library>lib[\w+-]+\.so(?:\.\d+)*)['"]?:? (?:is |was )?(?:not found|missing|cannot be (?:found|loaded)|could not be (?:found|loaded)))re",
     "dependency/library_missing", 79},
    {R"re((?i)(?:cannot|could not|can't|couldn't|unable to|failed to) (?:load|find|open|locate) (?:the )?(?:shared |dynamic )?(?:library|object|lib)(?: file)? ~q(?P<library>[\w./+-]+))re",
     "dependency/library_missing", 78},
    {R"re((?i)\bversions?\b.{0,30}\d.{0,30}\b(?:found|have|has|got|installed|is|but|needed|required)\b.{0,20}\d|\b(?:needs?|requires?|needed|required)\b.{0,30}(?:[<>=]=?|at least|version) ?v?\d[\w.]*.{0,20}\b(?:found|but|have|got|this is|installed|running|is)\b)re",
     "dependency/version_conflict", 70},
    {R"re((?i)\bis too (?:old|new)\b|\bincompatible (?:\w+ )?versions?\b|\bversions? (?:do|does) not match\b|\bversion mismatch\b|\bbuilt (?:for|with|against) an? (?:newer|older|different)\b|\bcompiled (?:for|with|against) an? (?:newer|older|different)\b|\bnot compatible with (?:\w+ )?(?:version )?v?\d)re",
     "dependency/version_conflict", 72},

    {R"re((?i)\b(?:speaks?|uses?|has|is at|at|knows) (?:\w+ )?(?:protocol|schema|version|format|api|revision)(?: version)? v?\d[\w.]*.{0,60}\b(?:this|needs?|wants?|requires?|built for|expects?|supports?|only|but|we)\b.{0,40}\d|\bv?\d[\w.]* or (?:newer|later|higher|above|greater|better)\b(?: is)?(?: required| needed)?)re",
     "dependency/version_conflict", 72},
    {R"re(\(LoadError\))re", "dependency/module_missing", 70},
    {R"re((?i)\b(?:module|package|gem|library|extension|plug-?in) ~q(?P<module>[\w.:/@+-]*\w)~q (?:is )?(?:required|needed)\b|\binstall (?:it|them|this) with (?:pip|npm|gem|cpanm?|apt|composer|yarn|conda)\b)re",
     "dependency/module_missing", 72},

    // the program itself
    {R"re((?i)\bmust (?:never|not) (?:be|happen|occur)\b|\bcannot be true\b|\bdo(?:es)? not add up\b|\b(?:self|internal|cross)[- ]check\b|\bdiffers? from (?:the )?(?:total|expected|sum|control)\b)re",
     "code/assertion", 64},
    {R"re((?i)\b(?:internal (?:error|inconsistency)|should never happen|cannot happen|impossible state|inconsistent (?:state|totals?|sums?|counts?))\b)re",
     "code/assertion", 56},
    {R"re((?i)\b(?:consistency|sanity|integrity|plausibility|self)[- ]?(?:check|test)s?\b.{0,30}\b(?:fail\w*|not|error|wrong|violated)\b|\binvariants?\b.{0,30}\b(?:violated|broken|fail\w*|not hold)|\((?:consistency|sanity|integrity) check\))re",
     "code/assertion", 73},
    {R"re((?i)\b(?:crashed|died|killed|terminated|exited|ended|aborted|stopped|lost|gone)\b.{0,20}\b(?:signal:? (?:4|5|6|7|8|11)\b|sig(?:segv|bus|fpe|ill|abrt|trap)\b))re",
     "code/crash_signal", 76},
    {R"re((?i)\b(?:returned|exit(?:ed|s)?(?: code| status)?(?: with)?|rc|code|status)[ =:]+-(?:11|8|7|6|4)\b)re",
     "code/crash_signal", 72},
    {R"re((?:^|[\s:(])(?:[\w.]+\.)?(?P<exception>(?:Key|Type|Attribute|Index|Name|ZeroDivision|Value|Reference|Range|NoMethod|UnboundLocal|Recursion|FloatDomain|Frozen|Runtime|Lookup|Arithmetic|Overflow)Error|StopIteration|(?:NullPointer|IllegalArgument|IllegalState|ArrayIndexOutOfBounds|IndexOutOfBounds|ClassCast|Arithmetic|Runtime|NullReference|ConcurrentModification|InvalidOperation)Exception)\b)re",
     "code/exception", 60},

    {R"re((?:^|[\s:(.])(?P<exception>[A-Z][A-Za-z0-9]+(?:Error|Exception)): \S)re", "code/exception", 57},

    // input
    {R"re((?i)\b(?:expected|wanted|should be|must be) (?:a |an )?(?:number|integer|date|string|boolean|float|int|decimal|timestamp|list|object|array|digit|header|positive number)\b.{0,60}\b(?:found|got|but|is|was|not|instead|saw|have)\b)re",
     "data/input_format", 69},
    {R"re((?i)\b(?:row|line|record|entry) #?\d+\b.{0,30}\b\d+ (?:fields|columns|values|cells)\b|\b\d+ (?:fields|columns|values|cells)\b.{0,30}\b(?:expected|header has|instead of|but)\b)re",
     "data/input_format", 72},
    {R"re((?i)\bunknown (?:encoding|charset|character set|format|file type|record type|file format)\b|\bschema (?:violation|mismatch|error)\b|\bviolates (?:the |its )?schema\b|\b(?:not usable|unusable|makes? no sense|making sense|garbled|garbage)\b.{0,30}\b(?:byte|line|row|offset|record|position|column) #?\d|\bnot a valid (?:\w+ )?(?:file|document|image|archive|record|header|feed)\b)re",
     "data/input_format", 70},
    {R"re((?i)\bheader(?: line| row)?s?\b.{0,10}\b(?:and|but) (?:nothing|no (?:data|rows|lines|records))\b|\b(?:only|just|nothing but) (?:a |the |its )?header\b|\b(?:delivered|returned|yielded|has|had|have|contains?|contained|gave|sent|produced|holds?|held|got|came (?:back )?with|provided|offers?|offered)\b (?:no|zero|0) (?:new |valid |usable |matching |input |single )?(?:rows?|records?|entries|entry|lines?|items?|data|documents?|files?|messages?|results?|values?|events?|pages?|articles?|content|elements?|answers?|users?|orders?|points?|samples?)\b)re",
     "data/empty_input", 68},
    {R"re((?i)\b(?:nothing|no (?:lines|rows|records|entries|files|data|messages|items)) (?:was |were )?(?:found |left |at all )?(?:in|inside|on|from) (?:the )?(?:inbox|input|queue|feed|file|list|directory|folder|source|table|spool|mailbox|~q~path))re",
     "data/empty_input", 69},

    // shared things, and other jobs
    {R"re((?i)(?:gave up|tired|stopped|timed out|timeout|no luck)\b.{0,20} wait\w* (?:for|on) (?:the |a |an )?(?:\w+ )?lock\b|(?:could not|cannot|can't|couldn't|unable to|failed to) lock (?:the )?~q[\w./-]+~q: |\b(?:held|owned|locked|rebuilt|used|edited|changed|written|modified|opened) by (?:another|an other|someone|somebody|pid|a second) ?(?:session|user|client|connection|host|job|process|program|else|\d+)?\b)re",
     "data/lock_conflict", 72},
    {R"re((?i)\b(?:resource|device|file|port|address|socket|table|record|row|database|repository|index)\b(?: \S+)? (?:is |was )?(?:busy|already in use|in use by|in use|already open|locked)\b|\bport ~port (?:is |was )?(?:already )?(?:in use|taken|occupied))re",
     "data/lock_conflict", 73},
    {R"re((?i)\b(?:asked|told|ordered|requested) (?:us )?to (?:stop|quit|terminate|exit|shut)|\b(?:stop|shut-?down|cancell?ation|termination) (?:was )?requested\b|\bcontext cancell?ed\b|\b(?:received|got|caught|on) (?:a )?(?:SIGTERM|signal 15|term(?:ination)? signal)\b)re",
     "control/cancelled", 66},
    {R"re((?i)\b(?:cannot|can't|will not|won't|could not) (?:build|start|go on|continue|run) (?:on top of|on|from|after|without) ~q(?P<job>[\w.-]*-[\w.-]*\w)|\b(?P<job2>[\w.]+-[\w.-]*\w) (?:did|has) not (?:yet )?(?:finish|succeed|complete|run)(?:ed)?\b)re",
     "control/upstream_failed", 68},
    {R"re((?i)\b(?:upstream|required|previous|preceding|needed|parent)(?: \w+)? ~q(?P<job>[\w.-]*\w)~q (?:was|is|has|were) (?:not|never) (?:been )?(?:produced|built|ready|finished|delivered|created|available|there|run|done|made|completed|published)\b)re",
     "control/upstream_failed", 72},
    {R"re((?i)\b(?:job|step|task|stage) ~q(?P<job>[\w.-]*\w)~q (?:has |had )?(?:failed|not finished|not succeeded)\b)re",
     "control/upstream_failed", 57},
    {R"re((?i)\b(?:will not|won't|not|cannot|can't|refus\w+) (?:to )?(?:start|run|begin)\w*\b.{0,30}\b(?:job|step|task|stage|run) ~q(?P<job>[\w.-]*\w)~q (?:has |had |did )?(?:failed|not (?:finish|succeed|run)))re",
     "control/upstream_failed", 73},
};
// clang-format on

}  // namespace

std::span<const Rule> words_rules() { return kRules; }

}  // namespace logboom::query::why
