// What the job reads, whom it shares it with, and who ended it: data/, control/. And the lines that
// say that something failed without saying why.
#include "query/why/rules.h"

namespace logboom::query::why {
namespace {

// One rule a line, or two: the formatter gives up on lines this long.
// clang-format off
constexpr Rule kRules[] = {
    // input that cannot be read
    {R"re((?i)JSONDecodeError|Json(?:Parse|Syntax|Mapping)?Exception|JSON::ParserError|json (?:parse|decode|syntax) error|(?:invalid|malformed|broken|bad) json|(?:parse|parsing|decode|decoding) (?:the )?json|not valid json|^jq: (?:parse )?error)re",
     "data/input_format", 92},
    {R"re((?i)in JSON at position|unexpected end of JSON|is not valid JSON|Expecting (?:value|property name|',' delimiter|':' delimiter).*line \d+ column|Unterminated string starting at|Extra data: line \d+|Invalid control character at)re",
     "data/input_format", 92},
    {R"re(invalid character .* (?:looking for|in (?:string|literal|numeric)|after))re",
     "data/input_format", 90},
    {R"re((?i)unexpected (?:end of (?:file|input|data|stream|archive)|EOF)\b|premature end of|\b(?:file|archive|input|record|header|image|data|stream|gzip)\b.{0,20}(?:is |was |appears |seems )?(?:to be )?truncated|truncated (?:file|archive|input|record|header|data|image|gzip))re",
     "data/input_format", 78},
    {R"re((?i)xml(?:\.\w+)*\.?ParseError|XMLSyntaxError|SAXParseException|xml (?:parse|parsing|syntax) error|XmlException|not well-formed|invalid xml|malformed xml)re",
     "data/input_format", 91},
    {R"re(not well-formed|mismatched tag|junk after document element|Content is not allowed in prolog)re",
     "data/input_format", 90},
    {R"re((?i)yaml\.\w+\.\w*Error|YAMLException|YamlException|yaml: (?:line|unmarshal|did not)|(?:invalid|malformed) yaml|could not parse yaml|Psych::SyntaxError)re",
     "data/input_format", 90},
    {R"re((?i)TOMLDecodeError|_?csv\.Error|CSV::MalformedCSVError|malformed csv|invalid csv|ParserError: Error tokenizing)re",
     "data/input_format", 91},
    {R"re(Error tokenizing data)re", "data/input_format", 92},
    {R"re((?i)Unicode(?:Decode|Encode)Error|codec can't (?:de|en)code|invalid byte sequence|MalformedInputException|(?:invalid|malformed) utf-?8|does not map to unicode)re",
     "data/input_format", 90},
    {R"re(\b(?:MissingSectionHeaderError|DuplicateOptionError|DuplicateSectionError|configparser\.ParsingError)\b)re",
     "data/input_format", 88},
    {R"re(Argument "[^"]*" isn't numeric)re", "data/input_format", 88},
    {R"re((?i)NumberFormatException: |could not convert string to|invalid literal for int|invalid input syntax for|invalid value for (?:Integer|Float)\(|strconv\.\w+: parsing|is not (?:a number|numeric|a valid (?:number|integer|decimal|date|float))|non-numeric value|invalid (?:float|digit found in string|number|integer|decimal))re",
     "data/input_format", 76},
    {R"re((?i)does not match format|unconverted data remains|invalid isoformat|DateTimeParseException|(?:invalid|unpars(?:e)?able) (?:date|time|timestamp)|not a valid date)re",
     "data/input_format", 82},
    {R"re((?i)\bparse error\b|(?:cannot|can't|could not|couldn't|failed to|unable to|error) pars(?:e|ing)\b|\bparsing failed|parse failure|\bmalformed\b|\bunpars(?:e)?able\b|\b(?:file|archive|input|data|record|header|image|index|table)\b.{0,20}(?:is |was |appears |seems )?corrupt(?:ed)?\b|corrupt(?:ed)? (?:file|archive|input|data|record|header|image|index))re",
     "data/input_format", 72},
    {R"re((?i)(?:cannot|can't|could not|couldn't|failed to|unable to|error) pars(?:e|ing) (?:file |input |line \d+ of )?~q(?P<file>[\w./-]+\.\w+)|(?P<file2>[\w./-]+\.\w{2,5})[:,]? (?:line \d+[:,]? )?(?:is )?(?:malformed|corrupt|truncated))re",
     "data/input_format", 74},
    {R"re((?i)(?:missing|unknown|unexpected|no) (?:csv )?(?:column|header|field)s?:? ~q(?P<key>[\w-]+)|wrong number of (?:columns|fields)|expected \d+ (?:columns|fields)|has \d+ (?:columns|fields), (?:expected|want))re",
     "data/input_format", 76},
    {R"re((?i)schema validation (?:failed|error)|does not (?:match|conform to) (?:the )?schema|ValidationError\b|is a required property|failed schema)re",
     "data/input_format", 76},
    {R"re((?i)not in gzip format|invalid gzip|bad magic number|BadZipFile|not a zip file|\bcrc (?:error|mismatch|check failed)|(?:checksums?|hash|digest)(?: sums?)? (?:mismatch|(?:does|did) not match|failed|error)|cannot find zipfile directory|does not look like a tar|invalid compressed data|BadGzipFile|zlib\.error)re",
     "data/input_format", 86},
    {R"re((?i)cannot identify image file|UnidentifiedImageError|not a (?:jpe?g|png|gif|pdf|tiff) file|improper image header)re",
     "data/input_format", 88},
    {R"re(Unexpected token .* in JSON|expected (?:value|ident|`[,:}\]]`|.* or .*) at line \d+ column \d+)re",
     "data/input_format", 86},
    {R"re((?i)cannot unmarshal|InvalidFormatException|MismatchedInputException|(?:failed to|cannot|could not) deserializ\w+)re",
     "data/input_format", 84},

    // no input
    {R"re(EmptyDataError|No columns to parse from file)re", "data/empty_input", 94},
    {R"re((?i)\b(?:loaded|read|found|got|parsed|imported|fetched|received|processed|selected|collected)[ :]+0 (?:\w+ ){1,3}(?:from|in|of|out of) ~q(?P<file>[\w./-]*[./][\w./-]*\w))re",
     "data/empty_input", 86},
    {R"re((?i)\b(?:loaded|read|found|got|parsed|imported|fetched|received|selected|collected)[ :=]+(?:0|zero|no) (?:\w+ )?(?:rows?|records?|lines?|items?|entries|answers?|documents?|files?|messages?|results?|users?|pages?|orders?|articles?|events?|members?|values?|data ?points?|samples?|bytes)\b|\b(?:0|zero|no) (?:\w+ )?(?:rows?|records?|lines?|items?|entries|answers?|documents?|members?|bytes|data ?points?|samples?) (?:were |was |have been )?(?:loaded|read|found|fetched|imported|received|selected|in (?:[^s]|s[^e]|se[^t])|returned|to process|to import))re",
     "data/empty_input", 70},
    {R"re((?i)\b(?:input|file|dataset|data ?set|data|response|result set|table|csv|feed|export|dump|archive|document|body|query result|list)\b(?: ~q(?P<file>[\w./-]*[./][\w./-]*\w)~q)? (?:is|was|are|were|seems to be|came back) (?:completely )?empty|\b(?:no|empty) (?:input|data|dataset)(?: file)?s?\b(?:[:,.]| to | given| found| provided| available| in | for |$)|\bempty (?:file|response|body|result|document|input):? ?~q(?P<file2>[\w./-]*[./][\w./-]*\w)?)re",
     "data/empty_input", 74},
    {R"re((?i)is an empty sequence|of empty sequence|iterable argument is empty|requires at least one data point|zero-size array|from an empty (?:list|sequence|range|collection)|reduce of empty)re",
     "data/empty_input", 82},
    {R"re((?i)nothing to (?:import|process|load|send|convert))re", "data/empty_input", 46},

    // locks
    {R"re((?i)database (?:table |schema )?is locked|\bSQLITE_BUSY\b)re", "data/lock_conflict", 95},
    {R"re((?i)(?:could not|couldn't|cannot|can't|unable to|failed to|timed? ?out|timeout)\b.{0,30}(?:get|obtain|acquir\w+|take|wait\w*|grab)(?: for)?(?: \w+){0,3} lock\b|lock (?:wait )?timeout)re",
     "data/lock_conflict", 90},
    {R"re((?i)(?:could not|cannot|can't|unable to|failed to) (?:get |acquire |obtain )?(?:\w+ )?lock (?:file )?(?:on |for )?~q(?P<file>[\w~./-]*/[\w./-]+))re",
     "data/lock_conflict", 91},
    {R"re((?i)deadlock found|deadlock detected|was deadlocked|deadlock victim|\b(?:1213|1205)\b.*deadlock|ORA-00060)re",
     "data/lock_conflict", 92},
    {R"re((?P<file>[\w~./-]+\.lock)~q:? .*(?:[Ff]ile exists|already exists|EEXIST))re",
     "data/lock_conflict", 91},
    {R"re((?i)lock ?file ~q(?P<file>[\w~./-]*[./][\w./-]+)~q .*(?:exists|held|locked|in use)|\block(?:ed)?\b.{0,30}(?:held|owned|taken|in use) by (?:another|other|pid|process|host)|\b(?:is|already|still) locked\b|held by (?:another )?process|locked by (?:another|pid|process|user))re",
     "data/lock_conflict", 82},
    {R"re((?i)\b(?:f?lock|fcntl|lockf|locking)\b.*resource temporarily unavailable|resource temporarily unavailable.*\block)re",
     "data/lock_conflict", 92},
    {R"re((?i)\b(?:another|other|previous|earlier|old) (?:\w+ )?(?:run|instance|copy|process|job)\b.{0,60}\block(?:ed|[ -]?file|s|dir)?\b|\balready running\b.{0,40}\block(?:ed|[ -]?file|dir)?\b|\block(?:ed|[ -]?file|dir)?\b.{0,60}\b(?:already running|another (?:instance|copy|process|run))\b)re",
     "data/lock_conflict", 83},
    {R"re((?i)text file busy|\bETXTBSY\b|device or resource busy|\bEBUSY\b|being used by another process|sharing violation)re",
     "data/lock_conflict", 84},
    {R"re((?i)edit ?conflict|could not serialize access|serialization failure|optimistic ?lock\w*|StaleObjectState\w*|concurrent (?:update|modification) (?:detected|conflict))re",
     "data/lock_conflict", 80},
    {R"re((?i)address already in use|\bEADDRINUSE\b)re", "data/lock_conflict", 80},
    {R"re(EADDRINUSE:? .*?(?P<host>[\w.:*]+)?:~port)re", "data/lock_conflict", 80},

    // nothing was done
    {R"re((?i)\b(?:edited|updated|processed|wrote|written|uploaded|imported|sent|saved|copied|synced|changed|tagged|inserted|done|converted|exported|handled|published|delivered)[ :=]+0 (?:of|out of) 0\b)re",
     "data/silent_success", 76},

    // who ended it, and what was not begun
    {R"re((?:^|[\s.:])KeyboardInterrupt\b)re", "control/cancelled", 90},
    {R"re((?i)(?:received|caught|got|on) (?:signal )?SIGINT|\bSIGINT\b.*(?:received|caught|stopping|exiting|shutting|aborting)|\b(?:interrupted|cancell?ed|aborted|stopped|killed|terminated) by (?:the )?(?:user|operator|admin\w*|keyboard|signal 2)|user (?:abort|interrupt|cancel)\w*|(?:operation|job|run|build|workflow) was cancell?ed|^\^C\s*$)re",
     "control/cancelled", 82},
    {R"re((?i)(?:received|caught|got) signal:? (?:2\b|interrupt))re", "control/cancelled", 84},
    {R"re((?i)\b(?:is |are |seems to be )?already (?:running|in progress|active|being (?:run|processed))|\b(?:previous|last|earlier|other|another|one|old) (?:run|instance|job|process|copy|execution|invocation|import|export|sync|backup|pass|round|cycle|batch|hour|night|day|crunch|build|update|load|crawl)\b.{0,40}(?:is |are |was |has |have |did )?(?:still |already )?(?:running|going|active|alive|at work|in progress|working|holds|(?:not|n't) (?:yet )?(?:finish(?:ed)?|done|complete|through|over|ended?))|\b(?:is )?still (?:running|active|in progress)\b|another (?:instance|copy)\b)re",
     "control/overlap_skipped", 80},
    {R"re((?i)\block(?:ed| file)?\b.{0,40}\b(?:nothing to do|leaving|will wait for the next|next time|stepping aside)\b|\b(?:will not|won't|not) (?:start|begin|run)(?:ing)? (?:a second|another|twice))re",
     "control/overlap_skipped", 84},
    {R"re((?i)\b(?:lock(?:ed)?|running|in progress|active|busy)\b.{0,60}\b(?:skipping|skipped)\b|\b(?:skipping|skipped)\b.{0,60}\b(?:locked|running|in progress|still active|busy))re",
     "control/overlap_skipped", 62},
    {R"re((?i)\bupstream(?: job| task| step| run| pipeline| dag)? ~q(?P<job>[\w.-]*\w)~q (?:has |is |was |did |ended |finished |run |reported |status )?.{0,30}\b(?:fail\w*|error|not (?:succeed|complete|finish|done|run|ready)\w*|missing|aborted|cancell?ed)\b)re",
     "control/upstream_failed", 88},
    {R"re((?i)\bupstream[_ ]failed\b|upstream (?:job|task|step|run)s?\b.{0,40}\b(?:fail\w*|did not|not (?:succeed|complete|finish|done)))re",
     "control/upstream_failed", 84},
    {R"re((?i)\b(?:dependency|prerequisite|predecessor|required|parent|preceding)(?: job| task| step| run| stage)? ~q(?P<job>[\w.-]*\w)~q (?:has |is |was |did |ended |finished )?.{0,20}\b(?:failed|not (?:succeed|complete|finish|done|run|ready)\w*|unsuccessful(?:ly)?|never (?:ran|finished)|(?:status |state |with |in )*(?:failure|error))\b|depends on ~q(?P<job2>[\w.-]*\w)~q,? (?:which|that|but it)\b.{0,20}\b(?:failed|did not)|\b(?:previous|preceding|earlier|prior) (?:step|stage|job|task)s? (?:has |have )?(?:failed|did not))re",
     "control/upstream_failed", 82},
    {R"re((?i)\b(?:job|stage|step|task|run) ~q(?P<job>[\w.-]*\w)~q (?:has |is |was |did |ended |finished )?(?:status |state |with |in )*(?:failed|not (?:succeed|complete|finish|run)\w*|failure)\b.{0,40}\b(?:cannot|can't|skip|abort|not|refus|wait|would|stop))re",
     "control/upstream_failed", 70},
    {R"re((?i)\b(?:waiting for|wait for|needs|depends on|after) ~q(?P<job>[\w.-]*\w)~q[:,]? (?:which |is |has |(?:its )?(?:state|status)(?: is)?[ =:]*)*(?:failed|failure|aborted|unsuccessful)\b)re",
     "control/upstream_failed", 84},
};
// clang-format on

constexpr Rule kConsequences[] = {
    {R"re(^g?(?:nu)?make(?:\[\d+\])?: \*\*\*)re", "", 90},
    {R"re(^g?make(?:\[\d+\])?: (?:Leaving directory|Target .* not remade))re", "", 90},
    {R"re((?i)\b(?:exit(?:ed|ing|s)?|status|code|rc|returned|ended|finished|left|leaving|failed|broke|terminated|stopped)\b(?: with| code| status| value| non-zero| is| of|[=: ])*[=: ]+(?:code |status )?-?\d{1,3}\b)re",
     "", 60},
    {R"re(Error is not recoverable|Child returned status|Exiting with failure status)re", "", 90},
    {R"re(^Node\.js v\d|^ +thrown in .* on line \d+|^\s*\.\.\. \d+ (?:more|common frames)|^npm (?:ERR!|error) (?:code|errno|A complete log|\s+/|Exit status|Lifecycle))re",
     "", 90},
    {R"re(During handling of the above exception|The above exception was the direct cause)re", "",
     95},
    {R"re((?i)^\s*usage: )re", "", 80},
    {R"re(Process completed with exit code|^Command failed|[Tt]he command .* exited with|script returned exit code)re",
     "", 90},
    {R"re((?i)\b(?:was |is |has been |got |were )?aborted\b|\baborting\b|\baborts\b)re", "", 62},
    {R"re((?i)\b(?:run|job|build|pipeline|batch|import|export|sync|task|stage|step|phase|script|upload|download|sweep|poll|process|summary|transaction|workflow|deploy\w*|backup|snapshot|update|publish\w*|index|report|update)\b.{0,30}\b(?:failed|FAILED|BAD|unsuccessful|has errors|in error)\b)re",
     "", 60},
    {R"re((?i)^\S*[: ]*(?:FAILED|FAILURE|BUILD FAILED)\b[,.!]?(?: status)?|\b(?:ended|finished|completed|done|stopped) with (?:\d+ )?(?:errors?|failures?|problems)|\b\d+ \w+ in error\b)re",
     "", 66},
    {R"re((?i)\bincomplete\b|\bpartial (?:state|report|result|output)|\b(?:is|are|stays?|left|remains?) (?:stale|cold|as it was|in place|active|unchanged|on their)|\blast good\b|\bnot complete\b)re",
     "", 62},
    {R"re((?i)\b(?:was |were |is |are |will be |has been |could )?not (?:be )?(?:re)?(?:published|updated|written|sent|stored|imported|booked|rebuilt|built|started|saved|posted|uploaded|completed|finished|created|generated|delivered|processed|committed|exported|synced|removed|made)\b|\bnothing (?:was |has been |could be )?(?:published|updated|written|sent|stored|imported|booked|rebuilt|built|saved|posted|uploaded|to remove|to clean)|\bno (?:report|mail|output|result|file)s? (?:today|goes out|was|were|will|has))re",
     "", 64},
    {R"re((?i)\broll(?:ed|ing)[ -]?back\b|\brollback\b|\b(?:lock|lease|session|connection)s? (?:was |is )?(?:released|removed|dropped)|\breleasing\b|\bclean(?:ing)?[ -]?up\b|\bshut(?:ting)? ?down\b|\b(?:gave|giving) up\b)re",
     "", 58},
    {R"re((?i)\b0 (?:of|out of) \d+\b|\b0 (?:files|rows|pages|records|items|edits|messages) (?:tagged|written|edited|done|updated|processed|sent|saved|stored|imported|uploaded)|\bhas no data\b)re",
     "", 60},
    {R"re((?i)Execution halted|BEGIN failed--compilation aborted|cannot continue|unable to continue)re",
     "", 80},
    {R"re(use -\[v\]S to pass|^Try '.* --help')re", "", 85},
};

}  // namespace

std::span<const Rule> data_rules() { return kRules; }
std::span<const Rule> consequence_rules() { return kConsequences; }

}  // namespace logboom::query::why
