// A limit was reached: memory, disk, quota, files, processes, time.
#include "query/why/rules.h"

namespace logboom::query::why {
namespace {

constexpr Rule kRules[] = {
    // disk
    {R"re((?i)no space left on device|\bENOSPC\b)re", "resource/disk_full", 92},
    {R"re((?:^|[\s:'"(])(?P<file>/[^\s:'",()]+)~q: .*[Nn]o space left)re", "resource/disk_full",
     92},
    {R"re([Nn]o space left on device[,:]? (?:\w+ )?~quoted)re", "resource/disk_full", 92},
    {R"re((?i)\b(?:disk|file ?system|partition|volume)(?: \S+)?(?: or disk)? (?:is )?full\b)re",
     "resource/disk_full", 84},
    {R"re((?i)(?:not (?:have )?enough|n.t have enough|no|insufficient|out of|ran out of|lack of|low on)(?: free)? (?:disk )?space\b)re",
     "resource/disk_full", 76},
    {R"re(The table '(?P<file>[^']+)' is full)re", "resource/disk_full", 90},

    {R"re((?i)\berrno:?[ =]*28\b)re", "resource/disk_full", 88},

    // quota
    {R"re((?i)\berrno:?[ =]*122\b)re", "resource/quota", 88},
    {R"re((?i)disk quota exceeded|\bEDQUOT\b)re", "resource/quota", 94},
    {R"re((?i)disk quota exceeded[,:]? (?:\w+ )?~quoted)re", "resource/quota", 94},
    {R"re((?i)\b(?:\w*quota_?exceeded\w*|(?:storage |bucket |mailbox |project |user )?quota(?: has been| was| is)? exceeded|over (?:its |the |your )?quota|exceeded (?:its |the |your )?quota))re",
     "resource/quota", 90},
    {R"re((?i)\bexceed(?:s|ed|ing)? (?:your|the|its|my)(?: \w+){0,3} (?:quota|storage limit|space limit|allowance)\b)re",
     "resource/quota", 86},
    {R"re((?i)\bquota of [\d.]+ ?\w* (?:is )?(?:exceeded|reached|used up))re", "resource/quota",
     88},
    {R"re((?i)\b(?:507 )?insufficient storage|storage limit (?:reached|exceeded)|mailbox (?:is )?full|storage is full)re",
     "resource/quota", 84},
    {R"re(OOM command not allowed when used memory)re", "resource/quota", 86},

    // size of a file
    {R"re((?i)\bfile too large\b|\bEFBIG\b|file size limit exceeded|\bSIGXFSZ\b)re",
     "resource/file_size", 88},
    {R"re((?i)file too large:? ~quoted)re", "resource/file_size", 88},

    // open files
    {R"re((?i)\berrno:?[ =]*2[34]\b)re", "resource/fd_limit", 88},
    {R"re((?i)too many open files|\bE[MN]FILE\b)re", "resource/fd_limit", 93},
    {R"re((?i)(?:no|out of|not enough|too many|insufficient|maximum number of)(?: \w+){0,2} file descriptors)re",
     "resource/fd_limit", 85},
    {R"re((?i)(?:limit|too many|no space).*(?:inotify|file watchers)|inotify.*(?:limit|exhausted))re",
     "resource/fd_limit", 94},

    // processes and threads
    {R"re((?i)\b(?:fork|vfork|clone|spawn\w*|threads?|workers?|process(?:es)?|subprocess|child(?:ren)?|pthread_create|setuid)\b.*(?:resource temporarily unavailable|\bEAGAIN\b))re",
     "resource/pid_limit", 88},
    {R"re((?i)resource temporarily unavailable.*\b(?:fork|clone|threads?|process)\b)re",
     "resource/pid_limit", 82},
    {R"re((?i)\bfork: retry|(?:cannot|can't|can’t|unable to|could not) (?:v?fork|clone)\b|\bfork failed\b)re",
     "resource/pid_limit", 84},
    {R"re((?i)can(?:'t|not) start new thread)re", "resource/pid_limit", 92},
    {R"re((?i)unable to create (?:a )?(?:new )?native thread)re", "resource/pid_limit", 95},
    {R"re((?i)(?:failed|cannot|can't|unable|could not|error)(?: to)? (?:creat\w+) (?:a )?(?:new )?(?:OS |worker )?thread)re",
     "resource/pid_limit", 84},
    {R"re((?i)maximum number of processes|too many processes|process limit (?:reached|exceeded)|\bRLIMIT_NPROC\b)re",
     "resource/pid_limit", 84},

    // memory, as the program says it
    {R"re((?:^|[\s.:(])MemoryError\b)re", "resource/oom_runtime", 93},
    {R"re((?i)unable to allocate [\d.]+ ?[KMGT]i?B)re", "resource/oom_runtime", 92},
    {R"re((?i)heap out of memory|reached heap limit)re", "resource/oom_runtime", 95},
    {R"re(\bOutOfMemory(?:Error|Exception)(?:: (?:Java heap|GC overhead|Metaspace|Requested array|Direct buffer|Compressed))?)re",
     "resource/oom_runtime", 92},
    {R"re(GC overhead limit exceeded)re", "resource/oom_runtime", 93},
    {R"re(Allowed memory size of \d+ bytes exhausted)re", "resource/oom_runtime", 95},
    {R"re(Allowed memory size of .* in (?P<file>/\S+?)(?: on line|:\d))re", "resource/oom_runtime",
     95},
    {R"re(std::bad_(?:array_new_length|alloc)\b)re", "resource/oom_runtime", 93},
    {R"re((?i)\bcannot allocate memory\b|\bENOMEM\b)re", "resource/oom_runtime", 88},
    {R"re((?i)\b(?:fatal|error|panic|virtual|failed|runtime|malloc|perl|cuda)\b.*\bout of memory\b|^(?:\S+: )?out of memory\b)re",
     "resource/oom_runtime", 84},
    {R"re((?i)\bmemory exhausted\b|\bNoMemoryError\b|failed to allocate memory|memory allocation of \d+ bytes failed)re",
     "resource/oom_runtime", 90},
    {R"re((?i)cannot allocate (?:vector of size|\d+ bytes|buffer)|x?(?:m|re)alloc: cannot allocate)re",
     "resource/oom_runtime", 89},
    {R"re((?i)\b(?:malloc|calloc|realloc|mmap)\b(?:\(\d*\))?[:,]? (?:failed|failure|of \d+ bytes failed|returned null))re",
     "resource/oom_runtime", 80},
    {R"re((?i)beyond (?:physical|virtual) memory limits|\bmemory limit\b.{0,20}\b(?:exceeded|hit|exhausted|reached(?: |$)[^\d]*$)|\b(?:exceed\w*|over|above|hit|reached) (?:its |the )?memory limit\b)re",
     "resource/oom_runtime", 78},

    // memory, as the kernel or a shell says it: text, so the class needs the kernel's own count
    {R"re((?i)\boom[-_]kill(?:er|ed)?(?:$|[^\w-])|Killed process \d+|\bOOMKilled\b|\boom killer\b)re",
     "resource/oom_cgroup", 74},
    {R"re(^(?:[\w./-]+: )*line \d+: +\d+ Killed\b)re", "resource/oom_cgroup", 58},
    {R"re(^\s*Killed\s*$)re", "resource/oom_cgroup", 52},

    // time
    {R"re((?i)\b(?:exit(?:ed)?(?: with)?(?: code| status)?|status|code|rc|ret|returned|ended|leaving|left)(?: code| status| with| was| is)*[ =:]+124\b)re",
     "resource/deadline", 72},
    {R"re(timeout: sending signal)re", "resource/deadline", 90},
    {R"re(Maximum execution time of \d+ seconds? exceeded)re", "resource/deadline", 92},
    {R"re((?i)cpu ?time limit exceeded|\bSIGXCPU\b)re", "resource/deadline", 90},
    {R"re((?:^|[\s.])TimeoutExpired: )re", "resource/deadline", 84},
    {R"re((?i)\b(?:command|job|task|step|script|process|build|run|stage|query|test|worker)\b.* timed out after ~number ?(?:m?s|sec\w*|min\w*|h\w*)?)re",
     "resource/deadline", 78},
    {R"re((?i)(?:exceed\w*|reached|over|hit|past|beyond|due to|ran out of|longer than)\b[^.]{0,40}\b(?:time limit|deadline|wall ?clock|wall ?time|time budget|max(?:imum)? runtime)|\b(?:time limit|wall ?time|time budget|max(?:imum)? runtime|deadline)\b[^.]{0,30}(?:exceeded|reached|expired|hit|passed|is up|used up)|DEADLINE_?EXCEEDED|DeadlineExceeded)re",
     "resource/deadline", 72},
    {R"re((?i)(?:received|got|caught|on|by|signal)\b.*\bSIGTERM\b|\bSIGTERM\b.*(?:received|caught|shutting|stopping|exiting|terminat))re",
     "resource/deadline", 42},
    {R"re(^(?:[\w./-]+: )*(?:line \d+: +\d+ )?Terminated\b|(?i)(?:received|caught|got) signal:? (?:15|terminated))re",
     "resource/deadline", 42},

    // no progress
    {R"re(all goroutines are asleep - deadlock)re", "resource/hang", 93},
    {R"re(Found one Java-level deadlock)re", "resource/hang", 90},
    {R"re((?i)fatal.*\bdeadlock; recursive locking|No live threads left\. Deadlock\?)re",
     "resource/hang", 88},
    {R"re((?i)watchdog.*(?:timeout|expired|timed out|stuck|no progress)|no (?:output|progress) (?:for|since|in|has been received)|\bstalled\b.*(?:killing|aborting|giving up)|blocked for more than \d+ seconds|soft lockup|missed heartbeat)re",
     "resource/hang", 68},
    {R"re(uWSGI listen queue of socket .* full|connection limit reached)re", "resource/error_storm",
     70},
};

}  // namespace

std::span<const Rule> resource_rules() { return kRules; }

}  // namespace logboom::query::why
