// Languages and their exceptions, content that cannot be read, settings, deploys.

#include "homeostat/sense/lexicon.hpp"

namespace homeostat::sense {

namespace {

using enum GlossClass;

constexpr GlossRow rows[] = {
    // --- Faults of the program -------------------------------------------------------------------
    {"null_dereference", "missing object used", code,
     "null pointer exception|nil pointer dereference|null reference exception|object reference "
     "not set|nonetype object has no attribute|none type object|cannot read property * of "
     "undefined|cannot read properties of undefined|cannot read properties of null|undefined is "
     "not|is not defined|null pointer|invalid memory address|undefined method * for nil|cannot "
     "set property|cannot set properties|is null because|value cannot be null|argument null "
     "exception|on a null object|unexpected null|unwrap on a none value|called option unwrap|"
     "null is not an object|none value|nil map|null value was assigned|nonetype is not|"
     "undefined variable"},
    {"segmentation_fault", "memory access fault", code,
     "segmentation fault|sigsegv|segfault|signal 11|core dumped|sigabrt|sigbus|bus error|access "
     "violation|general protection|sigill|illegal instruction|exit code 139|stack smashing|"
     "double free|heap corruption|invalid pointer|use after free|address sanitizer|signal 6|"
     "exited with code 139|unexpected fault address|crashed by signal|free invalid|unmapped "
     "memory|access violation exception"},
    {"stack_overflow", "endless recursion", code,
     "stack overflow|stack overflow error|maximum call stack|maximum recursion depth|recursion "
     "error|stack level too deep|goroutine stack exceeds|infinite recursion|stack overflow "
     "exception|system stack error|stack depth limit|too much recursion"},
    {"index_out_of_range", "index out of range", code,
     "index out of range|index out of bounds|array index out of bounds|index error|out of "
     "bounds|slice bounds|list index|argument out of range|string index|range error|range check|"
     "index was outside|out of range exception|indexoutofrange|invalid array length|subscript "
     "out of range|bounds exception"},
    {"key_missing", "key missing", code,
     "key error|keyerror|no such element|no such element exception|key not found exception|"
     "missing key|map key|undefined index|undefined key|undefined array key|no value present|"
     "key * not found in dictionary|missing element|element not found"},
    {"type_error", "value of wrong type", code,
     "type error|typeerror|class cast exception|is not a function|unsupported operand|invalid "
     "cast|unexpected keyword argument|interface conversion|not callable|object is not|class "
     "cast|must be str|invalid cast exception|got an unexpected|takes * positional arguments|"
     "missing * required positional|is not iterable|is not subscriptable|bad type|illegal cast|"
     "wrong type"},
    {"attribute_missing", "attribute missing", code,
     "attribute error|attributeerror|has no attribute|no method error|undefined method|no such "
     "method|name error|nameerror|reference error|undefined function|missing method|no such "
     "method error|unbound local error|referenced before assignment|no such field error|"
     "undefined property|call to undefined|missing method exception|call to a member function"},
    {"import_failed", "module missing", code,
     "module not found|modulenotfound|no module named|cannot find module|import error|class not "
     "found|classnotfound|no class def found|noclassdeffound|cannot import name|err module not "
     "found|could not load file or assembly|could not find or load main class|undefined symbol|"
     "cannot open shared object|error while loading shared libraries|library not loaded|"
     "unsatisfied link error|exec format error|type load exception|unsupported class version|"
     "load error cannot load such file|cannot load such file|bad interpreter|package * is not "
     "in|incompatible class change|unsupported class version error|missing dependency|no such "
     "bean|no such bean definition|unsatisfied dependency exception|failed to load module|"
     "symbol lookup error|version * not found required by|bean creation exception|error "
     "creating bean"},
    {"arithmetic_error", "arithmetic fault", code,
     "divide by zero|integer divide by zero|zero division error|arithmetic exception|overflow "
     "error|overflow exception|floating point exception|integer overflow|sigfpe|modulo by zero|"
     "divide by zero exception|attempt to divide by zero|attempt to subtract with overflow|"
     "attempt to add with overflow|not a number|number overflow"},
    {"concurrency_fault", "concurrency fault", code,
     "concurrent modification exception|concurrent map|concurrent map writes|data race|race "
     "condition|race detected|illegal monitor state|dictionary changed size during iteration|"
     "negative waitgroup|send on closed channel|close of closed channel|unlock of unlocked "
     "mutex|collection was modified|event loop is closed|was never awaited|promise already|"
     "reentrant|already borrowed|lock poisoned|poison error|event loop already running"},
    {"assertion_failed", "assertion failed", code,
     "assertion failed|assertion error|assert|assertion * failed|invariant violated|invariant "
     "violation|check failed|should never happen|unreachable code|debug assert|internal "
     "consistency|unexpected state|illegal state exception|illegal state|invalid state|"
     "inconsistent state|invalid operation exception|precondition violated|impossible state|"
     "must not happen|invalid state transition"},
    {"not_implemented", "function not implemented", code,
     "not implemented|not implemented error|unsupported operation|not supported|not implemented "
     "exception|unsupported operation exception|method not implemented|unsupported|feature not "
     "supported|unimplemented|not supported exception|enosys|eopnotsupp|operation not supported"},
    {"illegal_argument", "illegal argument", code,
     "illegal argument exception|illegal argument|value error|valueerror|argument error|"
     "argument exception|einval|bad value|err invalid arg|argument out of range exception|"
     "invalid value|number format exception|format exception|could not convert string|invalid "
     "literal for|invalid number|not a valid|date time parse exception|invalid date"},
    {"goroutine_panic", "program panicked", code,
     "panic|panicked at|panic recovered|kernel panic|fatal error unexpected signal|runtime "
     "error|recovered from panic|thread * panicked|fatal exception|fatal python error|fatal "
     "signal|crashed|crash loop|application crashed|process crashed|core dump|worker crashed|"
     "abnormal termination|exited unexpectedly|unexpected exit|terminated unexpectedly|exited "
     "with code|exited with status|crashloopbackoff|back off restarting|restarting failed "
     "container|main process exited|died unexpectedly|worker exited|worker died|process died|"
     "exited abnormally|died with|has died|child process exited|failed with result|service "
     "terminated|start request repeated too quickly|job crashed|unexpectedly terminated|aborting"},
    {"unhandled_exception", "unhandled exception", code,
     "unhandled exception|uncaught exception|unhandled promise rejection|unhandled rejection|"
     "exception in thread|unhandledpromiserejection|uncaught error|unhandled error|traceback "
     "most recent call last|uncaught type error|unhandled exception caught|an unhandled "
     "exception has occurred|uncaughtexception|exception was thrown|unhandled exception while|"
     "nested exception is|servlet.service for servlet|task exception was never retrieved|"
     "exception on * request|exception occurred|uncaught fatal error|threw exception|error "
     "handling request|exception while processing|unexpected exception|exception caught"},
    {"memory_leak", "possible memory leak", code,
     "possible event emitter memory leak|memory leak|max listeners exceeded|leak detected|"
     "connection leak detection|apparent connection leak|leak detection|resource leak|leaked "
     "connection|was not closed|unclosed connection|unclosed client session|resource warning|"
     "unclosed file"},
    {"deprecated_use", "deprecated function used", code,
     "deprecated|deprecation warning|deprecationwarning|will be removed in|is obsolete|has been "
     "deprecated|deprecation"},
    // --- Content that cannot be read -------------------------------------------------------------
    {"json_malformed", "JSON cannot be read", data,
     "json decode error|jsondecodeerror|invalid json|unexpected token|unexpected end of json "
     "input|json parse error|json parse exception|invalid character * looking for|cannot "
     "unmarshal|json mapping exception|json syntax|json reader exception|malformed json|json "
     "parse|unexpected character|unrecognized token|expecting value line|json deserialization|"
     "json exception|could not parse json|failed to parse json|not valid json|bad control "
     "character|json processing exception|unterminated string|invalid input syntax for type "
     "json|unrecognized field|mismatched input exception|unrecognized property exception|"
     "missing field|json error|invalid type * expected|expected value at line|trailing "
     "characters|extra data line"},
    {"xml_malformed", "XML cannot be read", data,
     "xml parse|sax parse exception|saxparse|not well formed|xml syntax error|content is not "
     "allowed in prolog|xml parsing error|invalid xml|mismatched tag|malformed xml|xml stream "
     "exception|start tag expected|xml exception|document element"},
    {"yaml_malformed", "YAML cannot be read", config,
     "yaml line|yaml parse|yaml exception|mapping values are not allowed|yaml syntax|invalid "
     "yaml|yaml error|did not find expected|could not find expected|found character that cannot "
     "start any token|yaml unmarshal|toml parse|toml error|toml decode|error parsing yaml|"
     "scanner error|yaml scanner"},
    {"encoding_invalid", "text encoding invalid", data,
     "unicode decode error|invalid utf 8|codec can t decode|unicode encode error|invalid byte "
     "sequence|malformed utf|illegal byte sequence|eilseq|malformed input exception|"
     "incompatible character encodings|codec can t encode|invalid start byte|invalid "
     "continuation byte|encoding error|malformed input|unmappable character|invalid multibyte"},
    {"schema_mismatch", "schema does not fit", config,
     "schema mismatch|schema validation|schema * not found|incompatible schema|schema registry|"
     "unknown magic byte|does not match schema|unexpected schema|schema error|serialization "
     "exception|failed to deserialize|failed to decode|error deserializing|could not "
     "deserialize|cannot deserialize|wire type|proto cannot parse|invalid wire format|unknown "
     "enum|invalid protobuf|decode error|decoding failed|could not decode|invalid message "
     "format|message format|serialization error|not serializable|invalid class exception|error "
     "decoding|unknown message type|unexpected message type|failed to unmarshal|failed to "
     "serialize|incompatible version"},
    {"parse_error", "content cannot be read", data,
     "parse error|parse exception|failed to parse|could not parse|unable to parse|cannot parse|"
     "parsing error|parsing failed|syntax error|unexpected eof|unexpected end of|malformed|"
     "unparseable|invalid syntax|parse failure|error parsing|premature end|truncated|bad format|"
     "invalid base64|incorrect padding|illegal base64|zip exception|not in gzip format|invalid "
     "block type|incorrect header check|bad zip file|unexpected end of zlib|eoferror|eof "
     "exception|unexpected eof while reading|not a valid format|parser error|parsererror|"
     "decompression failed|broken data stream|invalid format string"},
    // --- Settings and deploys --------------------------------------------------------------------
    {"config_invalid", "configuration invalid", config,
     "invalid configuration|configuration error|config error|bad configuration|invalid config|"
     "failed to load config|could not load configuration|configuration is invalid|missing "
     "configuration|error in configuration|unknown directive|unknown option|unrecognized option|"
     "unrecognized configuration parameter|invalid option|improperly configured|no "
     "configuration|error parsing config|errors found in configuration|fatal config|"
     "configuration failed|bad directive|unknown keyword|invalid setting|misconfigured|"
     "configuration exception|config validation failed|cannot load configuration|invalid flag|"
     "flag provided but not defined|unknown flag|unrecognized arguments|unknown argument|bad "
     "option|failed to read config|invalid value for parameter|option requires|invalid "
     "parameter value|error s found in configuration|configuration test failed|unexpected "
     "parameter|parameter * cannot be changed|unknown configuration|invalid number of arguments "
     "in|is duplicate in|directive is not allowed|duplicate location|conflicting server name"},
    {"setting_missing", "setting missing", config,
     "environment variable * not set|missing environment variable|environment variable not set|"
     "must be set|is required but|required setting|is not set|undefined environment variable|"
     "missing setting|required property|missing required|no value for|required environment|is "
     "not configured|not configured|missing config|variable is required|setting is required|"
     "must be specified|must be configured|could not resolve placeholder|missing property|"
     "secret not found|secret * not found|missing secret|configmap * not found|no default value|"
     "unset variable|must be provided|required key"},
    {"file_missing", "file missing", config,
     "no such file or directory|enoent|file not found|filenotfound|cannot find the file|cannot "
     "open file|file does not exist|no such file|cannot find path|cannot stat|cannot open * no "
     "such file|directory not found|path does not exist|not a directory|enotdir|could not open "
     "file|failed to open file|cannot open|could not open|unable to open|failed to open|missing "
     "file|file not found exception|file not found error|directory does not exist|open failed|"
     "could not find file|template does not exist|template not found|failed opening|could not "
     "access file|can t open"},
    {"migration_failed", "schema migration failed", config,
     "migration failed|failed migration|migrations pending|pending migration|migration error|"
     "unapplied migrations|schema version mismatch|dirty database version|relation * already "
     "exists|table * already exists|migration checksum|validate failed|migration * failed|"
     "schema out of date|could not apply migration"},
    {"image_missing", "program image missing", config,
     "imagepullbackoff|image pull back off|errimagepull|err image pull|failed to pull image|"
     "manifest unknown|image not found|pull access denied|no such image|executable file not "
     "found|command not found|exec failed|failed to start container|oci runtime create failed|"
     "createcontainererror|failed to execute|unable to execute|spawn enoent|failed to exec|"
     "failed to start|could not start|unable to start|start failed|startup failed|application "
     "run failed|failed to initialize|initialization failed|failed to create|cannot start|could "
     "not be started|bootstrap failed|failed to boot|boot failed|error starting|failed to "
     "launch|could not initialize|init failed|application startup failed"},
    {"flag_failing", "feature flag failing", config,
     "unknown flag key|flag not found|flag evaluation|flag evaluation failed|experiment not "
     "found"},
    {"clock_skew", "clocks differ", config,
     "clock skew|time skew|clock drift|request time too skewed|token used before issued|issued "
     "in the future|clock is behind|time is in the future|timestamp in the future|timestamp out "
     "of range|clocks differ|time went backwards|clock went backwards|requesttimetooskewed|"
     "clock unsynchronized|time jumped|not synchronized|system time changed|time has been "
     "changed"},
    {"health_degraded", "service degraded", dependency,
     "degraded|degraded mode|falling back|using fallback|serving stale|stale cache|stale data "
     "served|partial failure|partially available|service degraded|degraded performance|brownout|"
     "using cached|stale response|stale entry|stale value|stale copy"},
    {"business_refused", "business rule refused", client,
     "payment declined|card declined|insufficient funds|declined|order rejected|out of stock|"
     "insufficient balance|transaction declined|fraud suspected|fraud check failed|payment "
     "failed|invalid card|expired card|insufficient stock|insufficient inventory|not in stock|"
     "payment rejected|rejected by issuer|do not honor|card expired|charge failed|refund failed|"
     "payment error"},
    {"webhook_failed", "callback failed", dependency,
     "webhook failed|webhook delivery failed|callback failed|failed calling webhook|webhook "
     "error|failed to notify|notification failed|callback error|failed to call webhook|smtp "
     "error|mail delivery failed|failed to send email|smtp exception|failed to send|could not "
     "send|unable to send|mail server|message not sent|push failed|email failed|failed to send "
     "notification"},
    {"job_failed", "job failed", code,
     "job failed|task failed|job error|cron job failed|scheduled job failed|background job "
     "failed|worker failed|task error|batch failed|job has failed|task * raised|job * failed|"
     "task * failed|job timed out|task timed out|workflow failed|pipeline failed|worker lost "
     "error|worker timeout|critical worker timeout|scheduler error|backoff limit exceeded|"
     "backofflimitexceeded|import failed|export failed|sync failed|synchronization failed|"
     "reconciler error|reconcile failed|failed to reconcile|failed to process|processing failed|"
     "failed processing|could not process|unable to process|error processing|failed to handle|"
     "handler failed|failed to complete|failed to run"},
};

}  // namespace

std::span<const GlossRow> program_rows() {
    return rows;
}

}  // namespace homeostat::sense
