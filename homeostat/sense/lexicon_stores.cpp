// PostgreSQL, MySQL, Redis, Kafka, RabbitMQ, MongoDB, Elasticsearch, and stores in general.

#include "homeostat/sense/lexicon.hpp"

namespace homeostat::sense {

namespace {

using enum GlossClass;

constexpr GlossRow rows[] = {
    // --- SQL in general, PostgreSQL, MySQL -------------------------------------------------------
    {"duplicate_key", "duplicate key", data,
     "duplicate key|duplicate entry|unique constraint|e11000|unique violation|integrity "
     "constraint violation|duplicatekey|record not unique|already exists with the same key|"
     "unique key constraint|duplicate key exception|duplicate key error|unique index|primary "
     "key constraint|duplicate value|cannot insert duplicate key|sequelize unique constraint "
     "error|document already exists|sqlstate 23505"},
    {"foreign_key", "foreign key violated", data,
     "foreign key constraint|violates foreign key|foreign key violation|still referenced from|"
     "is not present in table|cannot delete or update a parent row|sqlstate 23503|foreign key "
     "mismatch"},
    {"null_refused", "value missing", data,
     "violates not null constraint|cannot be null|not null constraint|null value in column|"
     "doesn t have a default value|sqlstate 23502|may not be null|must not be null|non null "
     "constraint"},
    {"check_refused", "constraint violated", data,
     "violates check constraint|check constraint|constraint failed|constraint violation|"
     "integrity error|violates exclusion constraint|sqlstate 23514|data integrity violation "
     "exception"},
    {"relation_missing", "table missing", config,
     "relation * does not exist|table * doesn t exist|no such table|undefined table|unknown "
     "table|table * not found|invalid object name|base table or view not found|table or view "
     "does not exist|sqlstate 42p01|table does not exist|no such collection|ns not found|"
     "undefined relation|relation does not exist"},
    {"column_missing", "column missing", config,
     "column * does not exist|unknown column|no such column|undefined column|invalid column "
     "name|no such field|column not found|sqlstate 42703|unknown field|column does not exist|"
     "has no column named|missing column"},
    {"database_missing", "database missing", config,
     "database * does not exist|unknown database|database not found|schema * does not exist|"
     "cannot open database|keyspace * does not exist|unknown keyspace|no database selected|"
     "database does not exist|unknown schema|no such database"},
    {"role_missing", "database role missing", credentials,
     "role * does not exist|user * does not exist|unknown user|role does not exist|could not "
     "find user|no such user"},
    {"function_missing", "database function missing", config,
     "function * does not exist|operator does not exist|procedure * does not exist|no such "
     "function|type * does not exist|unknown command|err unknown command|prepared statement * "
     "does not exist|extension * is not available|sqlstate 42883|function does not exist|wrong "
     "number of arguments for|unknown function"},
    {"sql_syntax", "SQL syntax error", code,
     "syntax error at or near|error in your sql syntax|sql syntax|syntax error at end of input|"
     "near * syntax error|sqlstate 42601|bad sql grammar|incorrect syntax near|sql syntax error "
     "exception|unterminated quoted string|sql error|invalid sql|sql grammar exception|sql "
     "command not properly ended|unterminated dollar quoted string|must appear in the group by "
     "clause|ambiguous column|is ambiguous"},
    {"type_mismatch", "value of wrong type", data,
     "invalid input syntax for|is of type * but expression is of type|data type mismatch|"
     "incorrect integer value|cannot cast|conversion failed|data truncation|data too long for "
     "column|value too long for type|out of range for type|numeric field overflow|out of range "
     "value|datetime field overflow|invalid text representation|arithmetic overflow|value out "
     "of range|integer out of range|wrongtype|wrong kind of value|cannot convert|type mismatch|"
     "mapper parsing exception|is not an integer or out of range|incorrect string value|invalid "
     "byte sequence for encoding|string data right truncation|date time field value out of "
     "range|division by zero|invalid value for|truncated incorrect|smallint out of range|bigint "
     "out of range|numeric value out of range|cannot be cast|document mapping"},
    {"serialization_conflict", "transaction conflict", dependency,
     "could not serialize access|serialization failure|optimistic lock|optimistic locking|write "
     "conflict|writeconflict|stale object state|concurrent update|version conflict|version "
     "conflict engine exception|snapshot too old|conflict * version|restart transaction|retry "
     "transaction|transaction conflict|stale object state exception|optimistic lock exception|"
     "transaction aborted|row was updated or deleted by another transaction|stale data|object "
     "has been modified|concurrent modification of row|conditional check failed|sqlstate 40001|"
     "transient transaction error|please apply your changes to the latest version|precondition "
     "failed * version|watched key"},
    {"transaction_broken", "transaction aborted earlier", code,
     "current transaction is aborted|transaction is aborted|no transaction is in progress|"
     "already a transaction in progress|rollback only|transaction has been rolled back|"
     "unexpected rollback exception|no active transaction|transaction already closed|"
     "transaction is not active|pending rollback error|transaction is already|inactive "
     "transaction|in failed sql transaction"},
    {"database_starting", "database not ready", dependency,
     "the database system is starting up|the database system is in recovery|database system is "
     "not yet accepting|not yet accepting connections|consistent recovery state has not been "
     "yet reached|redis is loading the dataset|loading redis is loading|busyloadingerror|"
     "loading the dataset in memory|loading the dataset|database is starting|server is starting|"
     "node is not ready|not ready yet|not initialized|cluster is not ready|is still "
     "initializing|is starting up|still starting|broker is not ready|cluster not ready"},
    {"database_stopping", "database shut down", dependency,
     "the database system is shutting down|terminating connection due to administrator command|"
     "server is shutting down|database is shutting down|server closed the connection "
     "unexpectedly|server has gone away|mysql server has gone away|lost connection to mysql "
     "server|lost connection to server|admin shutdown|server shutdown in progress|shutdown in "
     "progress|interruptedatshutdown|node is shutting down|broker shutting down|connection "
     "terminated unexpectedly|connection to server was lost|terminating connection because of "
     "crash|crash of another server process|sqlstate 57p01|communication link failure|"
     "terminating * due to administrator|was terminated by signal|all server processes "
     "terminated|server process * was terminated|administrator command"},
    {"database_crashed", "database recovers from crash", dependency,
     "database system was interrupted|database system was not properly shut down|automatic "
     "recovery in progress|starting crash recovery|crash recovery|recovering after a crash|"
     "unclean shutdown|not shut down cleanly|was not properly shut down|innodb * crash recovery|"
     "redo starts|recovering from crash"},
    {"read_only_store", "store is read only", dependency,
     "readonly you can t write against a read only|read only replica|cannot execute * in a read "
     "only transaction|read only transaction|read only sql transaction|super read only|server "
     "is running with the read only option|read only option|is read only|not master|not "
     "writable primary|notwritableprimary|not primary|node is not primary|no primary|"
     "readonlyerror|readonly|in read only mode|read only mode|cluster block exception|index "
     "read only|forbidden 12 index read only|read only error|index * blocked by"},
    {"replication_broken", "replication broken", dependency,
     "replication slot|wal receiver|could not receive data from wal stream|replication lag|"
     "replica is stale|master link down|masterdown|link with master is down|replication stopped|"
     "slave sql|slave i o|replica * behind|requested wal segment|replication broken|connection "
     "with replica|connection with master lost|lost connection to master|master replica sync|"
     "replication timeout|failover in progress|streaming replication|could not start wal "
     "streaming|partial resynchronization not possible|disconnecting timedout replica|"
     "noreplicas|not enough good replicas|replica set * has no primary|replication error|"
     "secondary * behind|standby * lag|replication terminated|master is currently unable|sync "
     "with master|master aborted replication|max slot wal keep size"},
    {"persistence_failing", "cannot save data", resource,
     "misconf|rdb snapshots|can t save in background|background saving error|background save "
     "failed|asynchronous aof fsync is taking too long|failed opening the rdb file|aof rewrite "
     "failed|error writing to the aof|failed opening .rdb for saving|failed opening the temp "
     "rdb file|could not write checkpoint|archive command failed|checkpoints are occurring too "
     "frequently|bgsave failed|stop writes on bgsave error|write error saving db on disk|failed "
     "writing the rdb|append only file * error|can t open the append only file|could not open "
     "checkpoint|unable to save"},
    {"data_corrupted", "stored data damaged", data,
     "checksum mismatch|checksum failed|corrupted|corrupt|invalid page|bad magic|bad crc|crc "
     "mismatch|page verification failed|data corruption|data corrupted|corruption|database disk "
     "image is malformed|invalid checkpoint record|could not locate a valid checkpoint record|"
     "index * contains unexpected|crashed table|is marked as crashed|bad file format|translog "
     "corrupted exception|corrupt index exception|corrupt record exception|short read or oom "
     "loading db|unexpected end of file reading * file|invalid header|hash mismatch|missing "
     "chunk|bad block|broken index|wrong signature trying to load|invalid record length|"
     "unexpected eof reading|btree * broken|digest mismatch|invalid primary checkpoint record|"
     "log sequence number * is in the future|damaged"},
    {"vacuum_needed", "transaction numbers run out", resource,
     "must be vacuumed within|transaction id wraparound|not accepting commands to avoid "
     "wraparound|oldest xmin is far in the past"},
    // --- Redis -----------------------------------------------------------------------------------
    {"cache_cluster_moved", "cache shard moved", dependency,
     "crossslot|clusterdown|cluster is down|hash slot not served|tryagain|too many cluster "
     "redirections|cluster state changed fail|slot not covered|ask redirect|cluster support "
     "disabled|no reachable node in cluster|cluster down|redis cluster exception"},
    {"script_busy", "cache busy with script", dependency,
     "busy redis is busy running a script|busy running a script|noscript|script kill|error "
     "running script|slow script detected|script killed|lua script"},
    {"cache_evicting", "cache evicts entries", resource,
     "evicted|evicting|maxmemory policy|key evicted|cache full|cache eviction"},
    {"memory_overcommit", "kernel memory settings warn", config,
     "overcommit memory is set to 0|transparent huge pages|tcp backlog setting|vm overcommit "
     "memory|vm max map count|bootstrap checks failed"},
    {"cache_miss", "cache unavailable", dependency,
     "cache unavailable|cache miss rate|redis connection failure|redis timeout exception|could "
     "not get a resource from the pool|redis connection exception|redis unavailable|memcached "
     "unavailable|error from cache|cache server|jedis connection exception|redis command "
     "timeout exception|lettuce * timeout|stack exchange redis|cache error|cache write failed|"
     "cache read failed|redis error"},
    // --- Queues: Kafka, RabbitMQ, NATS -----------------------------------------------------------
    {"broker_unavailable", "message broker unavailable", dependency,
     "broker may not be available|leader not available|leader_not_available|no brokers "
     "available|nobrokersavailable|broker not available|brokers are down|broker transport "
     "failure|all broker connections down|connection to node * could not be established|"
     "bootstrap broker|broker disconnected|broker down|amqp connection error|"
     "amqpconnectionerror|broker unreachable exception|nats no servers|no servers available for "
     "connection|kafka unavailable|no resolvable bootstrap|nats connection|rabbitmq connection|"
     "broker unavailable|not connected to broker|node * disconnected|unable to bootstrap|broker "
     "unreachable|kafkajs connection error|unexpected connection closed * broker|connection to "
     "broker|disconnected from node|broker connection"},
    {"not_leader", "message broker lost leader", dependency,
     "not leader for partition|not leader or follower|not_leader_or_follower|not the leader|"
     "leader epoch|no leader|leader election|lost leadership|leadership lost|stepping down|no "
     "longer leader|fenced leader epoch|not the controller|controller moved|raft * no leader|"
     "etcdserver no leader|leader changed|not coordinator|coordinator not available|coordinator "
     "load in progress|group coordinator * unavailable|coordinator unavailable|not_coordinator|"
     "master not discovered|master_not_discovered|no master|no elected master|election timeout|"
     "etcdserver leader changed|without a leader|leader is unknown"},
    {"replicas_out_of_sync", "message replicas behind", dependency,
     "not enough replicas|notenoughreplicas|under replicated|underreplicated|shrinking isr|isr "
     "shrink|out of sync replica|insufficient in sync replicas|minority partition|unassigned "
     "shards|cluster health status changed|status changed from green|status changed from yellow|"
     "shard failed|failed shard|shards failed|quorum lost|no quorum|lost quorum|not enough "
     "nodes|unavailable shards|primary shard is not active|search phase execution exception|all "
     "shards failed|unavailable shards exception|cannot achieve consistency level|quorum not "
     "reached|quorum unavailable|insufficient replicas|write concern|not enough data bearing "
     "nodes"},
    {"consumer_rebalanced", "consumers rebalanced", dependency,
     "rebalance|rebalancing|rebalance in progress|commit failed exception|commitfailederror|"
     "group has already rebalanced|member id * unknown|unknown member id|illegal generation|"
     "heartbeat session expired|heartbeat failed|consumer group * is rebalancing|max poll "
     "interval|exceeded max poll|partitions revoked|offset commit failed|unknown_member_id|"
     "consumer poll timeout|session timed out * group|attempt to heartbeat failed|member * has "
     "left|removing member|preparing to rebalance|generation * is not current"},
    {"offset_lost", "message offset lost", data,
     "offset out of range|offsetoutofrange|no offset|offset reset|resetting offset|invalid "
     "offset|offset * is out of range|fetch offset * is out of range|offsets are lost|no "
     "committed offset"},
    {"topic_missing", "message topic missing", config,
     "unknown topic or partition|unknown_topic_or_part|unknowntopicorpartition|no such topic|"
     "topic not present in metadata|not_found no queue|no queue|no exchange|404 not_found|topic "
     "* does not exist|queue * does not exist|topic not found|queue not found|no binding|"
     "unroutable|no route for message|precondition failed inequivalent arg|inequivalent arg|"
     "unknown topic|stream not found|exchange not found"},
    {"broker_blocked", "message broker blocks senders", resource,
     "connection blocked|memory alarm|disk alarm|resource alarm|memory resource limit alarm|"
     "disk resource limit alarm|publishers blocked|flow control|memory high watermark|vm memory "
     "high watermark|alarm set|connection.blocked|publishers will be blocked|free space alarm"},
    {"channel_closed", "message channel closed", dependency,
     "channel closed by server|channel exception|already closed exception|channelclosed|"
     "shutdown signal exception|missed heartbeats|missed heartbeats from client|heartbeat "
     "timeout|connection_forced|closing amqp connection|delivery acknowledgement timed out|"
     "unknown delivery tag|amqp error|channel error|channel shutdown|closed via management "
     "plugin|consumer cancelled|amqp channel|heartbeat missed|connection forced"},
    {"delivery_failed", "message not delivered", dependency,
     "failed to deliver|delivery failed|message delivery|undeliverable|dead letter|dead "
     "lettered|dead letter queue|failed to publish|publish failed|failed to send message|failed "
     "to produce|expiring * record|expiring record s|message expired|batch expired|producer "
     "fenced|producerfenced|out of order sequence|outoforder sequence|record batch|msg timed "
     "out|message timed out|nack|nacked|send failed|poison message|failed to enqueue|could not "
     "publish|could not enqueue|poisoned message|redelivered|delivery attempts"},
    // --- MongoDB, Elasticsearch, Cassandra -------------------------------------------------------
    {"server_selection", "no usable database node", dependency,
     "server selection timed out|serverselectiontimeout|server selection error|server selection "
     "timeout error|no suitable servers|no replica set members|replicasetnoprimary|no primary "
     "found|topology is closed|no nodes available|no alive nodes|no living connections|none of "
     "the configured nodes|no node available exception|nonodeavailable|mongo network error|"
     "mongonetworkerror|mongo timeout exception|mongo socket|noaliveNodes|connection pool "
     "paused|connection pool * was cleared|pool cleared|mongo server error|no master node|"
     "topology destroyed|topology was destroyed|interrupted due to repl state change|primary "
     "stepped down|server is not in the topology|mongo server selection error"},
    {"cursor_lost", "database cursor lost", dependency,
     "cursor not found|cursornotfound|cursor id * not found|no such cursor|search context "
     "missing|cursor * does not exist|scroll id|no search context found|cursor killed|invalid "
     "cursor|portal * does not exist"},
    {"index_missing", "search index missing", config,
     "index_not_found|index not found exception|no such index|index * not found|no such shard|"
     "index not found|indexnotfound|index closed exception|alias * missing"},
    {"write_refused", "write refused", dependency,
     "write timeout|writetimeout|write concern error|bulk write error|writeerror|bulk write "
     "exception|mongo write exception|write exception|failed to index|bulk request failed|"
     "indexing failure|insert failed|update failed|save failed|delete failed|could not save|"
     "could not insert|failed to insert|failed to persist|failed to store|failed to save|could "
     "not persist|failed to update|could not update|persist failed|failed to commit|commit "
     "failed|upsert failed|batch update exception|could not execute batch"},
    // --- Object stores and locks -----------------------------------------------------------------
    {"object_missing", "stored object missing", data,
     "nosuchkey|no such key|nosuchbucket|no such bucket|the specified key does not exist|the "
     "specified bucket does not exist|object not found|blob not found|blob does not exist|no "
     "such object|bucket not found|no rows in result set|record not found|entity not found|row "
     "not found|no result found|no such entity|active record record not found|entity not found "
     "exception|does not exist exception|no rows returned|no result exception|empty result data "
     "access exception|document missing|document not found|doesnotexist|object does not exist|"
     "key not found"},
    {"store_failing", "database failing", dependency,
     "database error|db error|database connection failed|database unavailable|database is "
     "unavailable|data access exception|database unreachable|could not open jdbc connection|"
     "jdbc connection exception|sql exception|sqlexception|operational error|database operation "
     "failed|query failed|sequelize database error|sequelize connection error|database failure|"
     "storage error|data access resource failure|persistence exception|database query failed|"
     "failed to query|failed to execute query|psycopg2|psycopg|pymysql|prisma client|sqlalchemy|"
     "hibernate exception|jdbc exception|entity framework|db update exception|pg error|mysql "
     "error|unable to query|fetch from database|error executing statement|storage backend|"
     "storage unavailable|could not execute statement|could not read from database|datastore "
     "unavailable|could not execute query"},
};

}  // namespace

std::span<const GlossRow> store_rows() {
    return rows;
}

}  // namespace homeostat::sense
