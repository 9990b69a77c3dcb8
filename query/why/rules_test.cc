#include "query/why/rules.h"

#include <catch2/catch.hpp>

namespace logboom::query::why {
namespace {

// What the line means, and one slot of it ("name=value", or "").
struct Row {
  std::string_view line, cause, slot;
};

constexpr Row kResource[] = {
    {"cp: error writing '/backup/a.tar': No space left on device", "resource/disk_full", ""},
    {"OSError: [Errno 28] No space left on device: '/var/tmp/x.bin'", "resource/disk_full",
     "file=/var/tmp/x.bin"},
    {"Error: ENOSPC: no space left on device, write", "resource/disk_full", ""},
    {"sqlite3.OperationalError: database or disk is full", "resource/disk_full", ""},
    {"pg_dump: error: could not write to file: No space left on device", "resource/disk_full", ""},
    {"ERROR 1114 (HY000): The table 'pages' is full", "resource/disk_full", ""},
    {"E: You don't have enough free space in /var/cache/apt/archives/.", "resource/disk_full", ""},
    {"write /data/out.csv: disk quota exceeded", "resource/quota", ""},
    {"OSError: [Errno 122] Disk quota exceeded: 'dump.xml'", "resource/quota", "file=dump.xml"},
    {"<Error><Code>QuotaExceeded</Code></Error>", "resource/quota", ""},
    {"googleapiclient.errors.HttpError: storageQuotaExceeded", "resource/quota", ""},
    {"HTTP/1.1 507 Insufficient Storage", "resource/quota", ""},
    {"redis.exceptions.ResponseError: OOM command not allowed when used memory > 'maxmemory'.",
     "resource/quota", ""},
    {"dd: error writing 'big': File too large", "resource/file_size", ""},
    {"OSError: [Errno 27] File too large", "resource/file_size", ""},
    {"job.sh: line 3:  71 File size limit exceeded(core dumped) ./dump", "resource/file_size", ""},
    {"accept tcp [::]:8080: accept4: too many open files", "resource/fd_limit", ""},
    {"Error: EMFILE: too many open files, open '/srv/a.json'", "resource/fd_limit", ""},
    {"java.net.SocketException: Too many open files", "resource/fd_limit", ""},
    {"Error: ENOSPC: System limit for number of file watchers reached", "resource/fd_limit", ""},
    {"-bash: fork: retry: Resource temporarily unavailable", "resource/pid_limit", ""},
    {"sh: 0: Cannot fork", "resource/pid_limit", ""},
    {"RuntimeError: can't start new thread", "resource/pid_limit", ""},
    {"java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory",
     "resource/pid_limit", ""},
    {"runtime: failed to create new OS thread (have 9 already; errno=11)", "resource/pid_limit",
     ""},
    {"Error: spawn /usr/bin/convert EAGAIN", "resource/pid_limit", ""},
    {"MemoryError", "resource/oom_runtime", ""},
    {"numpy.core._exceptions._ArrayMemoryError: Unable to allocate 7.45 GiB for an array",
     "resource/oom_runtime", ""},
    {"FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
     "resource/oom_runtime", ""},
    {"Exception in thread \"main\" java.lang.OutOfMemoryError: Java heap space",
     "resource/oom_runtime", ""},
    {"PHP Fatal error:  Allowed memory size of 134217728 bytes exhausted (tried to allocate 20480 "
     "bytes) in /srv/a.php on line 3",
     "resource/oom_runtime", "file=/srv/a.php"},
    {"  what():  std::bad_alloc", "resource/oom_runtime", ""},
    {"fatal error: runtime: out of memory", "resource/oom_runtime", ""},
    {"memory allocation of 8589934592 bytes failed", "resource/oom_runtime", ""},
    {"Error: cannot allocate vector of size 7.5 Gb", "resource/oom_runtime", ""},
    {"failed to allocate memory (NoMemoryError)", "resource/oom_runtime", ""},
    {"Out of memory!", "resource/oom_runtime", ""},
    {"PHP Fatal error:  Maximum execution time of 30 seconds exceeded in /srv/x.php on line 9",
     "resource/deadline", ""},
    {"job exited with code 124", "resource/deadline", ""},
    {"timeout: sending signal TERM to command 'sleep'", "resource/deadline", ""},
    {"subprocess.TimeoutExpired: Command '['ffmpeg']' timed out after 30 seconds",
     "resource/deadline", ""},
    {"slurmstepd: error: *** JOB 17 CANCELLED AT 2024-01-01T00:00:00 DUE TO TIME LIMIT ***",
     "resource/deadline", ""},
    {"fatal error: all goroutines are asleep - deadlock!", "resource/hang", ""},
};

constexpr Row kStart[] = {
    {"/usr/bin/env: 'node18': No such file or directory", "platform/exec_not_found",
     "interpreter=node18"},
    {"/usr/bin/env: ‘python3.12’: No such file or directory", "platform/exec_not_found",
     "interpreter=python3.12"},
    {"-bash: ./run: /opt/py/bin/python: bad interpreter: No such file or directory",
     "platform/exec_not_found", "interpreter=/opt/py/bin/python"},
    {"bash: ./tool: cannot execute: required file not found", "platform/exec_not_found", ""},
    {"bash: ./tool: cannot execute binary file: Exec format error", "platform/exec_format",
     "file=./tool"},
    {"exec ./server: exec format error", "platform/exec_format", ""},
    {"bash: ./deploy.sh: Permission denied", "platform/exec_denied", "file=./deploy.sh"},
    {"/bin/sh: 1: /srv/job/run.sh: Permission denied", "platform/exec_denied",
     "file=/srv/job/run.sh"},
    {"OCI runtime create failed: runc create failed: exec: \"/entry.sh\": permission denied",
     "platform/exec_denied", "command=/entry.sh"},
    {"Error: spawn ./helper EACCES", "platform/exec_denied", "file=./helper"},
    {"Error: environment variable DATABASE_URL is not set", "platform/env",
     "variable=DATABASE_URL"},
    {"missing required environment variable: SMTP_PASSWORD", "platform/env",
     "variable=SMTP_PASSWORD"},
    {"API_TOKEN must be set", "platform/env", "variable=API_TOKEN"},
    {"JAVA_HOME is not defined correctly", "platform/env", "variable=JAVA_HOME"},
    {"configparser.NoOptionError: No option 'user' in section: 'db'", "platform/env", "key=user"},
    {"bash: line 4: jqq: command not found", "script/command_not_found", "command=jqq"},
    {"sh: 1: gitt: not found", "script/command_not_found", "command=gitt"},
    {"./run.sh: 12: rsyncc: not found", "script/command_not_found", "command=rsyncc"},
    {"zsh: command not found: foo", "script/command_not_found", "command=foo"},
    {"make: pandocc: No such file or directory", "script/command_not_found", "command=pandocc"},
    {"Error: spawn ffmpegg ENOENT", "script/command_not_found", "command=ffmpegg"},
    {"java.io.IOException: Cannot run program \"convertt\": error=2, No such file or directory",
     "script/command_not_found", "command=convertt"},
    {"exec: \"terraformm\": executable file not found in $PATH", "script/command_not_found",
     "command=terraformm"},
    {"timeout: failed to run command 'pythn': No such file or directory",
     "script/command_not_found", "command=pythn"},
    {"sudo: pg_dumpp: command not found", "script/command_not_found", "command=pg_dumpp"},
    {"Can't exec \"mogrifyy\": No such file or directory at x.pl line 3.",
     "script/command_not_found", "command=mogrifyy"},
    {"backup.sh: line 9: syntax error near unexpected token `fi'", "script/syntax",
     "file=backup.sh"},
    {"nightly.sh: 14: Syntax error: \"fi\" unexpected", "script/syntax", "file=nightly.sh"},
    {"x.sh: line 20: unexpected EOF while looking for matching `\"'", "script/syntax", "file=x.sh"},
    {"PHP Parse error:  syntax error, unexpected '}' in /srv/app.php on line 12", "script/syntax",
     "file=/srv/app.php"},
    {"syntax error at load.pl line 7, near \"){\"", "script/syntax", "file=load.pl"},
    {"SyntaxError: invalid syntax", "script/syntax", ""},
    {"IndentationError: unexpected indent", "script/syntax", ""},
    {"Makefile:3: *** missing separator.  Stop.", "script/syntax", "file=Makefile"},
    {"sync.sh: line 2: TARGET: unbound variable", "script/unset_variable", "variable=TARGET"},
    {"sync.sh: 2: TARGET: parameter not set", "script/unset_variable", "variable=TARGET"},
    {"tool.py: error: argument --size: invalid int value: 'x'", "script/bad_args", "option=--size"},
    {"tool.py: error: argument -s/--size: expected one argument", "script/bad_args",
     "option=--size"},
    {"tool.py: error: the following arguments are required: --from", "script/bad_args",
     "option=--from"},
    {"tool.py: error: unrecognized arguments: --fast", "script/bad_args", "option=--fast"},
    {"tar: unrecognized option '--zzz'", "script/bad_args", "option=--zzz"},
    {"grep: invalid option -- 'y'", "script/bad_args", "option=y"},
    {"error: unexpected argument '--jsn' found", "script/bad_args", "option=--jsn"},
    {"flag provided but not defined: -verbos", "script/bad_args", "option=-verbos"},
    {"Error: No such option: --colour", "script/bad_args", "option=--colour"},
    {"Unknown option: fnord", "script/bad_args", "option=fnord"},
    {"curl: option --datta: is unknown", "script/bad_args", "option=--datta"},
    {"cp: missing destination file operand after 'x'", "script/bad_args", ""},
    {"date: invalid date 'tomorow'", "script/bad_args", ""},
    {"cat: in/data.csv: No such file or directory", "script/file_missing", "file=in/data.csv"},
    {"ERROR: cannot open file data.csv: No such file or directory", "script/file_missing",
     "file=data.csv"},
    {"could not read the input file in/x.csv: No such file", "script/file_missing",
     "file=in/x.csv"},
    {"cannot open foo for reading: No such file or directory", "script/file_missing", "file=foo"},
    {"FileNotFoundError: [Errno 2] No such file or directory: 'cfg/a.ini'", "script/file_missing",
     "file=cfg/a.ini"},
    {"Error: ENOENT: no such file or directory, open './x.json'", "script/file_missing",
     "file=./x.json"},
    {"open /etc/app/c.yml: no such file or directory", "script/file_missing",
     "file=/etc/app/c.yml"},
    {"No such file or directory @ rb_sysopen - list.txt (Errno::ENOENT)", "script/file_missing",
     "file=list.txt"},
    {"PHP Warning:  fopen(in.csv): Failed to open stream: No such file or directory in a.php",
     "script/file_missing", "file=in.csv"},
    {"java.io.FileNotFoundException: in.txt (No such file or directory)", "script/file_missing",
     "file=in.txt"},
    {"java.nio.file.NoSuchFileException: /data/q.csv", "script/file_missing", "file=/data/q.csv"},
    {"sh: 3: cd: can't cd to /srv/nowhere", "script/file_missing", "file=/srv/nowhere"},
    {"make: *** No rule to make target 'a.o', needed by 'all'.  Stop.", "script/file_missing",
     "file=a.o"},
    {"Could not find file '/srv/in/a.xml'.", "script/file_missing", "file=/srv/in/a.xml"},
    {"Error: Unable to access jarfile app.jar", "script/file_missing", "file=app.jar"},
    {"PermissionError: [Errno 13] Permission denied: 'out/r.txt'", "script/permission",
     "file=out/r.txt"},
    {"touch: cannot touch '/etc/x': Permission denied", "script/permission", "file=/etc/x"},
    {"open /var/lib/a.db: permission denied", "script/permission", "file=/var/lib/a.db"},
    {"Error: EACCES: permission denied, mkdir '/srv/www'", "script/permission", "file=/srv/www"},
    {"rm: cannot remove '/mnt/ro/a': Read-only file system", "script/permission", ""},
    {"OSError: [Errno 30] Read-only file system: '/mnt/ro/a'", "script/permission",
     "file=/mnt/ro/a"},
    {"chown: changing ownership of 'a': Operation not permitted", "script/permission", ""},
    {"System.UnauthorizedAccessException: Access to the path '/root/x' is denied.",
     "script/permission", "file=/root/x"},
    {"OSError: [Errno 116] Stale file handle: '/data/x'", "platform/stale_nfs", "file=/data/x"},
    {"Back-off pulling image \"registry/tool:nope\"", "platform/image", ""},
    {"0/3 nodes are available: 1 Insufficient cpu.", "platform/scheduling", ""},
    {"pods \"x\" is forbidden: exceeded quota: tool-a, requested: limits.cpu=1", "platform/quota",
     ""},
    {"The node was low on resource: ephemeral-storage.", "platform/eviction", ""},
    {"Back-off 40s restarting failed container", "platform/crash_loop", ""},
    {"Liveness probe failed: HTTP probe failed with statuscode: 500", "platform/liveness", ""},
};

constexpr Row kExternal[] = {
    {"curl: (6) Could not resolve host: api.shop.example", "external/dns", "host=api.shop.example"},
    {"socket.gaierror: [Errno -2] Name or service not known", "external/dns", ""},
    {"socket.gaierror: [Errno -3] Temporary failure in name resolution", "external/dns", ""},
    {"Error: getaddrinfo ENOTFOUND db.internal", "external/dns", "host=db.internal"},
    {"Error: getaddrinfo EAI_AGAIN cache.local", "external/dns", "host=cache.local"},
    {"dial tcp: lookup mq.prod on 10.0.0.2:53: no such host", "external/dns", "host=mq.prod"},
    {"java.net.UnknownHostException: ldap.corp", "external/dns", "host=ldap.corp"},
    {"ssh: Could not resolve hostname gitt.example: Name or service not known", "external/dns",
     "host=gitt.example"},
    {"psql: error: could not translate host name \"pg1\" to address: Name or service not known",
     "external/dns", "host=pg1"},
    {"wget: unable to resolve host address ‘files.example’", "external/dns", "host=files.example"},
    {"getaddrinfo: Name or service not known (SocketError)", "external/dns", ""},
    {"curl: (60) SSL certificate problem: certificate has expired", "external/tls", ""},
    {"ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed",
     "external/tls", ""},
    {"Get \"https://a.example/\": x509: certificate signed by unknown authority", "external/tls",
     ""},
    {"javax.net.ssl.SSLHandshakeException: PKIX path building failed", "external/tls", ""},
    {"Error: self-signed certificate in certificate chain", "external/tls", ""},
    {"fatal: unable to access 'https://g/': SSL certificate problem: unable to get local issuer "
     "certificate",
     "external/tls", ""},
    {"The SSL connection could not be established, see inner exception.", "external/tls", ""},
    {"SSL_connect returned=1 errno=0 state=error: certificate verify failed", "external/tls", ""},
    {"requests.exceptions.HTTPError: 429 Client Error: Too Many Requests for url: https://x/",
     "external/rate_limit", "status=429"},
    {"{\"level\":\"error\",\"status\":429,\"msg\":\"upstream\"}", "external/rate_limit",
     "status=429"},
    {"API rate limit exceeded for user ID 1", "external/rate_limit", ""},
    {"botocore.exceptions.ClientError: An error occurred (ThrottlingException)",
     "external/rate_limit", ""},
    {"openai.RateLimitError: Error code: 429", "external/rate_limit", ""},
    {"pywikibot: Pausing due to database lag: Waiting for 10.64.32.12: 5.1 seconds lagged.",
     "external/maxlag", ""},
    {"readonly: The wiki is currently in read-only mode", "external/maxlag", ""},
    {"badtoken: Invalid CSRF token.", "external/auth", ""},
    {"pywikibot.exceptions.APIError: assertbotfailed: You do not have the \"bot\" right",
     "external/auth", ""},
    {"requests.exceptions.HTTPError: 401 Client Error: Unauthorized for url: https://x/",
     "external/auth", "status=401"},
    {"remote: HTTP Basic: Access denied", "external/auth", ""},
    {"git@host.example: Permission denied (publickey).", "external/auth", "user=git"},
    {"psql: error: FATAL:  password authentication failed for user \"etl\"", "external/auth",
     "user=etl"},
    {"ERROR 1045 (28000): Access denied for user 'etl'@'localhost' (using password: YES)",
     "external/auth", "user=etl"},
    {"smtplib.SMTPAuthenticationError: (535, b'5.7.8 authentication failed')", "external/auth", ""},
    {"fatal: could not read Username for 'https://g': terminal prompts disabled", "external/auth",
     ""},
    {"NOAUTH Authentication required.", "external/auth", ""},
    {"Error: invalid_grant: Token has been expired or revoked.", "external/auth", ""},
    {"Unable to locate credentials. You can configure credentials by running \"aws configure\".",
     "external/auth", ""},
    {"curl: (22) The requested URL returned error: 403", "external/auth", "status=403"},
    {"curl: (7) Failed to connect to 10.1.2.3 port 8443: Connection refused", "external/connect",
     "port=8443"},
    {"Error: connect ECONNREFUSED 127.0.0.1:5432", "external/connect", "port=5432"},
    {"Error: connect ECONNREFUSED ::1:6379", "external/connect", "port=6379"},
    {"dial tcp 10.0.0.7:9092: connect: connection refused", "external/connect", "port=9092"},
    {"ConnectionRefusedError: [Errno 111] Connection refused", "external/connect", ""},
    {"java.net.ConnectException: Connection refused (Connection refused)", "external/connect", ""},
    {"ssh: connect to host bastion port 22: Connection timed out", "external/connect",
     "host=bastion"},
    {"connect to db1:5432 failed: No route to host", "external/connect", "host=db1"},
    {"Error: connect ETIMEDOUT 10.9.8.7:443", "external/connect", "port=443"},
    {"Could not connect to Redis at 127.0.0.1:6379: Connection refused", "external/connect",
     "port=6379"},
    {"connection to server at \"db\" (10.0.0.1), port 5432 failed: Connection refused",
     "external/connect", ""},
    {"urllib3.exceptions.MaxRetryError: HTTPSConnectionPool(host='a.example', port=443): Max "
     "retries exceeded with url: / (Caused by NewConnectionError('x: Failed to establish a new "
     "connection: [Errno 111] Connection refused'))",
     "external/connect", "host=a.example"},
    {"requests.exceptions.ReadTimeout: HTTPSConnectionPool(host='b.example', port=443): Read timed "
     "out. (read timeout=10)",
     "external/connect", "host=b.example"},
    {"kafka.errors.NoBrokersAvailable: NoBrokersAvailable", "external/connect", ""},
    {"ConnectionResetError: [Errno 104] Connection reset by peer", "external/reset", ""},
    {"Error: read ECONNRESET", "external/reset", ""},
    {"Error: socket hang up", "external/reset", ""},
    {"curl: (52) Empty reply from server", "external/reset", ""},
    {"fatal: the remote end hung up unexpectedly: early EOF", "external/reset", ""},
    {"http.client.RemoteDisconnected: Remote end closed connection without response",
     "external/reset", ""},
    {"kex_exchange_identification: Connection closed by remote host", "external/reset", ""},
    {"requests.exceptions.HTTPError: 502 Server Error: Bad Gateway for url: https://x/",
     "external/http_status", "status=502"},
    {"curl: (22) The requested URL returned error: 500", "external/http_status", "status=500"},
    {"urllib.error.HTTPError: HTTP Error 404: Not Found", "external/http_status", "status=404"},
    {"ERROR 503: Service Unavailable.", "external/http_status", "status=503"},
    {"Request failed with status code 504", "external/http_status", "status=504"},
    {"upload answered 500", "external/http_status", "status=500"},
    {"pymysql.err.OperationalError: (2006, 'MySQL server has gone away')", "external/database",
     "code=2006"},
    {"mysql.connector.errors.OperationalError: 2013 (HY000): Lost connection to MySQL server "
     "during query",
     "external/database", "code=2013"},
    {"ERROR 1040 (HY000): Too many connections", "external/database", "code=1040"},
    {"FATAL:  sorry, too many clients already", "external/database", ""},
    {"FATAL:  the database system is starting up", "external/database", ""},
    {"psycopg2.OperationalError: server closed the connection unexpectedly", "external/database",
     ""},
    {"ORA-12541: TNS:no listener", "external/database", "code=ORA-12541"},
    {"pymongo.errors.ServerSelectionTimeoutError: timed out", "external/database", ""},
    {"sqlite3.OperationalError: no such table: pages", "external/database", ""},
    {"ERROR:  relation \"users\" does not exist", "external/database", ""},
};

constexpr Row kCode[] = {
    {"ModuleNotFoundError: No module named 'yaml'", "dependency/module_missing", "module=yaml"},
    {"Error: Cannot find module 'left-pad'", "dependency/module_missing", "module=left-pad"},
    {"Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'got' imported from /srv/a.mjs",
     "dependency/module_missing", "module=got"},
    {"Can't locate JSON/XS.pm in @INC (you may need to install the JSON::XS module)",
     "dependency/module_missing", "module=JSON::XS"},
    {"`require': cannot load such file -- nokogiri (LoadError)", "dependency/module_missing",
     "module=nokogiri"},
    {"java.lang.ClassNotFoundException: org.postgresql.Driver", "dependency/module_missing",
     "module=org.postgresql.Driver"},
    {"Error: Could not find or load main class app.Main", "dependency/module_missing",
     "module=app.Main"},
    {"PHP Fatal error:  Uncaught Error: Class \"Redis\" not found in a.php:3",
     "dependency/module_missing", "module=Redis"},
    {"Error in library(dplyrr) : there is no package called ‘dplyrr’", "dependency/module_missing",
     "module=dplyrr"},
    {"ERROR: No matching distribution found for reqests==2", "dependency/module_missing",
     "module=reqests"},
    {"E: Unable to locate package libfoo-dev", "dependency/module_missing", "module=libfoo-dev"},
    {"./x: error while loading shared libraries: libpq.so.5: cannot open shared object file: No "
     "such file or directory",
     "dependency/library_missing", "library=libpq.so.5"},
    {"ImportError: libGL.so.1: cannot open shared object file: No such file or directory",
     "dependency/library_missing", "library=libGL.so.1"},
    {"/usr/bin/ld: cannot find -lssl", "dependency/library_missing", "library=ssl"},
    {"a.c:1:10: fatal error: zlib.h: No such file or directory", "dependency/library_missing",
     "file=zlib.h"},
    {"./x: /lib/libc.so.6: version `GLIBC_2.38' not found (required by ./x)",
     "dependency/version_conflict", "library=GLIBC_2.38"},
    {"ImportError: cannot import name 'soft_unicode' from 'markupsafe' (/usr/lib/x.py)",
     "dependency/version_conflict", "module=soft_unicode"},
    {"npm ERR! code ERESOLVE", "dependency/version_conflict", ""},
    {"java.lang.NoSuchMethodError: 'void a.B.c()'", "dependency/version_conflict", ""},
    {"java.lang.UnsupportedClassVersionError: A has been compiled by a more recent version",
     "dependency/version_conflict", ""},
    {"Perl v5.38.0 required--this is only v5.36.0, stopped at x.pl line 1.",
     "dependency/version_conflict", ""},
    {"AttributeError: module 'numpy' has no attribute 'float'", "dependency/version_conflict",
     "module=numpy"},
    {"pkg_resources.ContextualVersionConflict: (six 1.0, Requirement.parse('six>=1.9'))",
     "dependency/version_conflict", ""},
    {"symbol lookup error: ./x: undefined symbol: foo_v2", "dependency/version_conflict", ""},
    {"AssertionError: totals differ", "code/assertion", ""},
    {"t: sum.c:17: main: Assertion `a == b' failed.", "code/assertion", "file=sum.c"},
    {"assertion failed: left == right", "code/assertion", ""},
    {"--- FAIL: TestSum (0.00s)", "code/assertion", ""},
    {"Tests run: 4, Failures: 1, Errors: 0, Skipped: 0", "code/assertion", ""},
    {"run.sh: line 7: 4242 Segmentation fault      (core dumped) ./conv", "code/crash_signal", ""},
    {"Bus error (core dumped)", "code/crash_signal", ""},
    {"free(): invalid pointer", "code/crash_signal", ""},
    {"double free or corruption (fasttop)", "code/crash_signal", ""},
    {"*** stack smashing detected ***: terminated", "code/crash_signal", ""},
    {"==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x60", "code/crash_signal", ""},
    {"Can't use an undefined value as an ARRAY reference at x.pl line 4.", "code/exception", ""},
    {"Illegal division by zero at x.pl line 9.", "code/exception", ""},
    {"RangeError: Maximum call stack size exceeded", "code/exception", ""},
};

constexpr Row kData[] = {
    {"json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)", "data/input_format",
     ""},
    {"SyntaxError: Unexpected token < in JSON at position 0", "data/input_format", ""},
    {"SyntaxError: Unexpected end of JSON input", "data/input_format", ""},
    {"invalid character '<' looking for beginning of value", "data/input_format", ""},
    {"xml.etree.ElementTree.ParseError: not well-formed (invalid token): line 1, column 4",
     "data/input_format", ""},
    {"yaml.scanner.ScannerError: mapping values are not allowed here", "data/input_format", ""},
    {"UnicodeDecodeError: 'utf-8' codec can't decode byte 0xe9 in position 3", "data/input_format",
     ""},
    {"ValueError: could not convert string to float: '1,5'", "data/input_format", ""},
    {"Argument \"abc\" isn't numeric in addition (+) at x.pl line 2.", "data/input_format", ""},
    {"gzip: in.gz: not in gzip format", "data/input_format", ""},
    {"gzip: in.gz: unexpected end of file", "data/input_format", ""},
    {"zipfile.BadZipFile: File is not a zip file", "data/input_format", ""},
    {"sha256sum: WARNING: 1 computed checksum did NOT match: checksum mismatch",
     "data/input_format", ""},
    {"pandas.errors.ParserError: Error tokenizing data. C error: Expected 3 fields in line 4, saw "
     "5",
     "data/input_format", ""},
    {"parse error: Invalid numeric literal at line 1, column 5", "data/input_format", ""},
    {"pandas.errors.EmptyDataError: No columns to parse from file", "data/empty_input", ""},
    {"read 0 rows from /data/in.csv", "data/empty_input", "file=/data/in.csv"},
    {"error: input file /data/in.csv is empty", "data/empty_input", "file=/data/in.csv"},
    {"ValueError: max() arg is an empty sequence", "data/empty_input", ""},
    {"statistics.StatisticsError: mean requires at least one data point", "data/empty_input", ""},
    {"sqlite3.OperationalError: database is locked", "data/lock_conflict", ""},
    {"E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 42 (apt)",
     "data/lock_conflict", ""},
    {"fatal: Unable to create '/srv/r/.git/index.lock': File exists.", "data/lock_conflict",
     "file=/srv/r/.git/index.lock"},
    {"ERROR 1205 (HY000): Lock wait timeout exceeded; try restarting transaction",
     "data/lock_conflict", ""},
    {"Deadlock found when trying to get lock; try restarting transaction", "data/lock_conflict",
     ""},
    {"ERROR:  deadlock detected", "data/lock_conflict", ""},
    {"rm: cannot remove 'mnt': Device or resource busy", "data/lock_conflict", ""},
    {"flock: failed to get lock", "data/lock_conflict", ""},
    {"OSError: [Errno 98] Address already in use", "data/lock_conflict", ""},
    {"KeyboardInterrupt", "control/cancelled", ""},
    {"received SIGINT, stopping", "control/cancelled", ""},
    {"Error: The operation was canceled.", "control/cancelled", ""},
    {"another instance is already running, exiting", "control/overlap_skipped", ""},
    {"another instance is already running (lock var/l.lock)", "data/lock_conflict", ""},
    {"bash: line 1: out/report.csv: Permission denied", "script/permission", "file=out/report.csv"},
    {"bash: line 1: bin/report: Permission denied", "platform/exec_denied", "file=bin/report"},
    {"sync.sh: line 2: API_KEY: must be set", "script/unset_variable", "variable=API_KEY"},
    {"a.rb:2:in `fetch': key not found: \"DB_FILE\" (KeyError)", "platform/env",
     "variable=DB_FILE"},
    {"java.lang.NumberFormatException: For input string: \"12a\"", "data/input_format", ""},
    {"PHP Fatal error:  Uncaught Error: Call to undefined function curl_init() in a.php:2",
     "dependency/module_missing", "module=curl_init"},
    {"previous run still active (pid 4711), skipping", "control/overlap_skipped", ""},
    {"upstream job load-orders failed, nothing to do", "control/upstream_failed",
     "job=load-orders"},
    {"dependency extract_users did not finish successfully", "control/upstream_failed",
     "job=extract_users"},
};

void check(const Row& row) {
  CAPTURE(row.line);
  const auto meanings = meanings_of(row.line);
  CHECK_FALSE(meanings.causes.empty());
  if (meanings.causes.empty()) return;
  const auto& best = meanings.causes.front();
  CHECK(best.cause == row.cause);
  if (row.slot.empty()) return;
  const auto equals = row.slot.find('=');
  CHECK(slot(best.slots, row.slot.substr(0, equals)) == row.slot.substr(equals + 1));
}

}  // namespace

TEST_CASE("every rule's pattern compiles") {
  const auto count = count_rules();
  CHECK(count.usable == count.written);
  CHECK(count.written > 250);
}

TEST_CASE("words for limits mean resource/") {
  for (const auto& row : kResource) check(row);
}

TEST_CASE("words for what cannot begin mean platform/ and script/") {
  for (const auto& row : kStart) check(row);
}

TEST_CASE("words for other services mean external/") {
  for (const auto& row : kExternal) check(row);
}

TEST_CASE("words for the program and what it needs mean code/ and dependency/") {
  for (const auto& row : kCode) check(row);
}

TEST_CASE("words for input, locks and people mean data/ and control/") {
  for (const auto& row : kData) check(row);
}

TEST_CASE("lines of everyday life mean nothing") {
  const auto line = GENERATE(values<std::string_view>({
      "processed 429 rows in 12 ms",
      "^C5U garbage of a binary",
      "table page dumped, 427 rows, 0 errors",
      "HTTP/1.1 200 OK",
      "GET /page/401 200",
      "wrote 124 files",
      "connected to db1:5432",
      "certificate is valid until 2031",
      "permission check ok",
      "lock acquired after 3 ms",
      "all 17 tests passed",
      "killed time until the next tick",
      "reading config.yml",
      "the environment is production",
      "memory in use: 124 MiB",
      "version 2.0.1 of pagecraft",
      "no errors found",
      "got 500 rows",
      "returned 404 items of 1045",
      "in 2013 there were 2006 of them",
      "status 200 after 503 ms",
      "error 500 times smaller",
      "listening on port 443",
      "",
  }));
  CAPTURE(line);
  for (const auto& meaning : meanings_of(line).causes) {
    CAPTURE(meaning.cause);
    CHECK(meaning.strength < 55);
  }
}

TEST_CASE("a line that only tells of a failure is a consequence") {
  const auto line = GENERATE(values<std::string_view>({
      "make: *** [Makefile:8: all] Error 2",
      "job exited with status 1",
      "Process completed with exit code 1.",
      "nothing was uploaded",
      "transaction rolled back",
      "report not written",
      "Node.js v20.20.2",
      "The above exception was the direct cause of the following exception:",
      "usage: tool.py [-h] --from FROM",
      "tar: Error is not recoverable: exiting now",
  }));
  CAPTURE(line);
  const auto meanings = meanings_of(line);
  CHECK(meanings.consequence);
  for (const auto& meaning : meanings.causes) CHECK(meaning.strength < 60);
}

TEST_CASE("a slot keeps its first value, and slots stay in order of name") {
  Slots slots;
  set_slot(slots, "port", "1");
  set_slot(slots, "host", "a");
  set_slot(slots, "host", "b");
  set_slot(slots, "code", "");
  CHECK(slots == Slots{{"host", "a"}, {"port", "1"}});
  CHECK(slot(slots, "host") == "a");
  CHECK(slot(slots, "none").empty());
}

}  // namespace logboom::query::why
