PRAGMA user_version=6;
BEGIN TRANSACTION;
CREATE TABLE activities (
        arn TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        created_at REAL NOT NULL,
        encryption TEXT NOT NULL, -- JSON
        tags TEXT NOT NULL        -- JSON
    ) WITHOUT ROWID
    ;
CREATE TABLE aliases (
        arn TEXT PRIMARY KEY,
        machine_arn TEXT NOT NULL,
        name TEXT NOT NULL,
        description TEXT,
        weights TEXT NOT NULL,    -- JSON: [[version ARN, percent], …]
        created_at REAL NOT NULL,
        updated_at REAL NOT NULL
    ) WITHOUT ROWID
    ;
CREATE TABLE branches (
        execution INTEGER NOT NULL,
        id INTEGER NOT NULL,
        row TEXT NOT NULL,        -- Branch.to_json
        PRIMARY KEY (execution, id)
    ) WITHOUT ROWID
    ;
INSERT INTO "branches" VALUES(2,1,'{"id":1,"state":"F","entered":true,"entered_at":1700000000.0,"last_event":2,"entered_event":2,"waiting":"ended","input":{"n":1}}');
INSERT INTO "branches" VALUES(3,1,'{"id":1,"state":"W","attempt":1,"entered":true,"entered_at":1700000000.0,"last_event":2,"timed":true,"entered_event":2,"waiting":"timer","input":{"n":1}}');
INSERT INTO "branches" VALUES(4,1,'{"id":1,"state":"Ask","attempt":1,"entered":true,"entered_at":1700000000.0,"last_event":4,"entered_event":2,"waiting":"task","input":{"n":1}}');
INSERT INTO "branches" VALUES(5,1,'{"id":1,"state":"Flaky","attempt":2,"entered":true,"retries":[1],"retried":1,"entered_at":1700000000.0,"last_event":5,"timed":true,"entered_event":2,"waiting":"retry","input":{"n":1}}');
INSERT INTO "branches" VALUES(6,1,'{"id":1,"state":"Both","attempt":1,"entered":true,"entered_at":1700000000.0,"last_event":3,"entered_event":2,"waiting":"children","input":{"n":1}}');
INSERT INTO "branches" VALUES(6,2,'{"id":2,"state":"Quick","parent":1,"region":"/States/Both/Branches/0","entered":true,"entered_at":1700000000.0,"last_event":5,"entered_event":4,"waiting":"ended","input":null,"output":1}');
INSERT INTO "branches" VALUES(6,3,'{"id":3,"state":"Slow","parent":1,"index":1,"region":"/States/Both/Branches/1","attempt":1,"entered":true,"entered_at":1700000000.0,"last_event":6,"timed":true,"entered_event":6,"waiting":"timer","input":{"n":1}}');
INSERT INTO "branches" VALUES(7,1,'{"id":1,"state":"Each","attempt":1,"entered":true,"entered_at":1700000000.0,"last_event":3,"entered_event":2,"waiting":"children","input":[1,2,3]}');
INSERT INTO "branches" VALUES(7,2,'{"id":2,"state":"Slow","parent":1,"region":"/States/Each/ItemProcessor","attempt":1,"entered":true,"entered_at":1700000000.0,"last_event":6,"timed":true,"entered_event":6,"waiting":"timer","input":1}');
INSERT INTO "branches" VALUES(7,3,'{"id":3,"state":"Slow","parent":1,"index":1,"region":"/States/Each/ItemProcessor","attempt":1,"entered":true,"entered_at":1700000000.0,"last_event":7,"timed":true,"entered_event":7,"waiting":"timer","input":2}');
INSERT INTO "branches" VALUES(8,1,'{"id":1,"state":"Each","attempt":1,"entered":true,"entered_at":1700000000.0,"last_event":4,"map_run_arn":"arn:aws:states:us-east-1:123456789012:mapRun:spread/1d189f3f-9432-4b44-a24f-2dc6397c6603:046b1939-9e8a-4257-a357-7ca1b0470233","map_started":3,"entered_event":2,"waiting":"map_run","input":[0,1,2,3]}');
INSERT INTO "branches" VALUES(11,1,'{"id":1,"state":"Slow","region":"/States/Each/ItemProcessor","attempt":1,"entered":true,"entered_at":1700000000.0,"last_event":4,"timed":true,"entered_event":4,"waiting":"timer","input":2}');
INSERT INTO "branches" VALUES(12,1,'{"id":1,"state":"Slow","region":"/States/Each/ItemProcessor","attempt":1,"entered":true,"entered_at":1700000000.0,"last_event":4,"timed":true,"entered_event":4,"waiting":"timer","input":3}');
CREATE TABLE definitions (
        id TEXT PRIMARY KEY,      -- hash of the text
        text TEXT NOT NULL
    ) WITHOUT ROWID
    ;
INSERT INTO "definitions" VALUES('3973f5482bdc9089dba0d0bf17ba6aa6','{"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": {"a": [1, "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9"]}, "End": true}}}');
INSERT INTO "definitions" VALUES('3a093d296c16f18e9b848dc4445c6046','{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 86400, "Next": "P"}, "P": {"Type": "Pass", "End": true}}}');
INSERT INTO "definitions" VALUES('52f700895f29d34074841050cd4390ba','{"StartAt": "Each", "States": {"Each": {"Type": "Map", "MaxConcurrency": 2, "End": true, "ItemProcessor": {"StartAt": "Slow", "States": {"Slow": {"Type": "Wait", "Seconds": 86400, "End": true}}}}}}');
INSERT INTO "definitions" VALUES('56fa14929b78cf32b5c5d1c7ac43367b','{"StartAt": "Each", "States": {"Each": {"Type": "Map", "MaxConcurrency": 2, "End": true, "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "Even", "States": {"Even": {"Type": "Choice", "Choices": [{"Variable": "$", "NumericLessThan": 2, "Next": "Quick"}], "Default": "Slow"}, "Quick": {"Type": "Pass", "End": true}, "Slow": {"Type": "Wait", "Seconds": 86400, "End": true}}}}}}');
INSERT INTO "definitions" VALUES('692eafaa29746dea3d8ce019e244ad28','{"StartAt": "Ask", "States": {"Ask": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "Parameters": {"QueueUrl": "q", "MessageBody": {"Token.$": "$$.Task.Token"}}, "End": true}}}');
INSERT INTO "definitions" VALUES('7dd815958fa8d88e62c967e29a383854','{"StartAt": "Both", "States": {"Both": {"Type": "Parallel", "End": true, "Branches": [{"StartAt": "Quick", "States": {"Quick": {"Type": "Pass", "Result": 1, "End": true}}}, {"StartAt": "Slow", "States": {"Slow": {"Type": "Wait", "Seconds": 86400, "End": true}}}]}}}');
INSERT INTO "definitions" VALUES('a0af79946b7e84abd9189294a0d73331','{"StartAt": "Flaky", "States": {"Flaky": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 3600, "MaxAttempts": 2}], "End": true}}}');
INSERT INTO "definitions" VALUES('b0c85220f30d681faef933658e175d94','{"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E", "Cause": "c"}}}');
CREATE TABLE events (
        execution INTEGER NOT NULL,
        id INTEGER NOT NULL,
        previous_id INTEGER NOT NULL,
        timestamp REAL NOT NULL,
        type TEXT NOT NULL,
        name TEXT,
        payload,                  -- text; an integer is the id of the event that has the same text
        extra TEXT,               -- JSON
        PRIMARY KEY (execution, id)
    ) WITHOUT ROWID
    ;
INSERT INTO "events" VALUES(1,1,0,1700000000.0,'ExecutionStarted',NULL,'{"n": 1}','{"roleArn":"arn:aws:iam::123456789012:role/r"}');
INSERT INTO "events" VALUES(1,2,0,1700000000.0,'PassStateEntered','P','{"n":1}',NULL);
INSERT INTO "events" VALUES(1,3,2,1700000000.0,'PassStateExited','P','{"a":[1,"éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé"]}',NULL);
INSERT INTO "events" VALUES(1,4,3,1700000000.0,'ExecutionSucceeded',NULL,3,NULL);
INSERT INTO "events" VALUES(2,1,0,1700000000.0,'ExecutionStarted',NULL,'{"n": 1}','{"roleArn":"arn:aws:iam::123456789012:role/r"}');
INSERT INTO "events" VALUES(2,2,0,1700000000.0,'FailStateEntered','F','{"n":1}',NULL);
INSERT INTO "events" VALUES(2,3,2,1700000000.0,'ExecutionFailed',NULL,NULL,'{"error":"E","cause":"c"}');
INSERT INTO "events" VALUES(3,1,0,1700000000.0,'ExecutionStarted',NULL,'{"n": 1}','{"roleArn":"arn:aws:iam::123456789012:role/r"}');
INSERT INTO "events" VALUES(3,2,0,1700000000.0,'WaitStateEntered','W','{"n":1}',NULL);
INSERT INTO "events" VALUES(4,1,0,1700000000.0,'ExecutionStarted',NULL,'{"n": 1}','{"roleArn":"arn:aws:iam::123456789012:role/r"}');
INSERT INTO "events" VALUES(4,2,0,1700000000.0,'TaskStateEntered','Ask','{"n":1}',NULL);
INSERT INTO "events" VALUES(4,3,2,1700000000.0,'TaskScheduled',NULL,'{"QueueUrl":"q","MessageBody":{"Token":"MSAxIGFybjphd3M6c3RhdGVzOnVzLWVhc3QtMToxMjM0NTY3ODkwMTI6ZXhlY3V0aW9uOmFza3M6b25l"}}','{"resourceType":"sqs","resource":"sendMessage.waitForTaskToken","region":"us-east-1"}');
INSERT INTO "events" VALUES(4,4,3,1700000000.0,'TaskStarted',NULL,NULL,'{"resourceType":"sqs","resource":"sendMessage.waitForTaskToken"}');
INSERT INTO "events" VALUES(5,1,0,1700000000.0,'ExecutionStarted',NULL,'{"n": 1}','{"roleArn":"arn:aws:iam::123456789012:role/r"}');
INSERT INTO "events" VALUES(5,2,0,1700000000.0,'TaskStateEntered','Flaky','{"n":1}',NULL);
INSERT INTO "events" VALUES(5,3,2,1700000000.0,'TaskScheduled',NULL,'{"n":1}','{"resourceType":"sqs","resource":"sendMessage","region":"us-east-1"}');
INSERT INTO "events" VALUES(5,4,3,1700000000.0,'TaskStarted',NULL,NULL,'{"resourceType":"sqs","resource":"sendMessage"}');
INSERT INTO "events" VALUES(5,5,4,1700000000.0,'TaskFailed',NULL,NULL,'{"resourceType":"sqs","resource":"sendMessage","error":"ConnectionError","cause":"not yet"}');
INSERT INTO "events" VALUES(6,1,0,1700000000.0,'ExecutionStarted',NULL,'{"n": 1}','{"roleArn":"arn:aws:iam::123456789012:role/r"}');
INSERT INTO "events" VALUES(6,2,0,1700000000.0,'ParallelStateEntered','Both','{"n":1}',NULL);
INSERT INTO "events" VALUES(6,3,2,1700000000.0,'ParallelStateStarted',NULL,NULL,NULL);
INSERT INTO "events" VALUES(6,4,3,1700000000.0,'PassStateEntered','Quick','{"n":1}',NULL);
INSERT INTO "events" VALUES(6,5,4,1700000000.0,'PassStateExited','Quick','1',NULL);
INSERT INTO "events" VALUES(6,6,3,1700000000.0,'WaitStateEntered','Slow','{"n":1}',NULL);
INSERT INTO "events" VALUES(7,1,0,1700000000.0,'ExecutionStarted',NULL,'[1, 2, 3]','{"roleArn":"arn:aws:iam::123456789012:role/r"}');
INSERT INTO "events" VALUES(7,2,0,1700000000.0,'MapStateEntered','Each','[1,2,3]',NULL);
INSERT INTO "events" VALUES(7,3,2,1700000000.0,'MapStateStarted',NULL,NULL,'{"length":3}');
INSERT INTO "events" VALUES(7,4,3,1700000000.0,'MapIterationStarted','Each',NULL,'{"index":0}');
INSERT INTO "events" VALUES(7,5,3,1700000000.0,'MapIterationStarted','Each',NULL,'{"index":1}');
INSERT INTO "events" VALUES(7,6,4,1700000000.0,'WaitStateEntered','Slow','1',NULL);
INSERT INTO "events" VALUES(7,7,5,1700000000.0,'WaitStateEntered','Slow','2',NULL);
INSERT INTO "events" VALUES(8,1,0,1700000000.0,'ExecutionStarted',NULL,'[0, 1, 2, 3]','{"roleArn":"arn:aws:iam::123456789012:role/r"}');
INSERT INTO "events" VALUES(8,2,0,1700000000.0,'MapStateEntered','Each','[0,1,2,3]',NULL);
INSERT INTO "events" VALUES(8,3,2,1700000000.0,'MapStateStarted',NULL,NULL,'{"length":4}');
INSERT INTO "events" VALUES(8,4,3,1700000000.0,'MapRunStarted',NULL,NULL,'{"mapRunArn":"arn:aws:states:us-east-1:123456789012:mapRun:spread/1d189f3f-9432-4b44-a24f-2dc6397c6603:046b1939-9e8a-4257-a357-7ca1b0470233"}');
INSERT INTO "events" VALUES(9,1,0,1700000000.0,'ExecutionStarted',NULL,'0','{"roleArn":"arn:aws:iam::123456789012:role/r"}');
INSERT INTO "events" VALUES(9,2,0,1700000000.0,'ChoiceStateEntered','Even','0',NULL);
INSERT INTO "events" VALUES(9,3,2,1700000000.0,'ChoiceStateExited','Even','0',NULL);
INSERT INTO "events" VALUES(9,4,3,1700000000.0,'PassStateEntered','Quick','0',NULL);
INSERT INTO "events" VALUES(9,5,4,1700000000.0,'PassStateExited','Quick','0',NULL);
INSERT INTO "events" VALUES(9,6,5,1700000000.0,'ExecutionSucceeded',NULL,'0',NULL);
INSERT INTO "events" VALUES(10,1,0,1700000000.0,'ExecutionStarted',NULL,'1','{"roleArn":"arn:aws:iam::123456789012:role/r"}');
INSERT INTO "events" VALUES(10,2,0,1700000000.0,'ChoiceStateEntered','Even','1',NULL);
INSERT INTO "events" VALUES(10,3,2,1700000000.0,'ChoiceStateExited','Even','1',NULL);
INSERT INTO "events" VALUES(10,4,3,1700000000.0,'PassStateEntered','Quick','1',NULL);
INSERT INTO "events" VALUES(10,5,4,1700000000.0,'PassStateExited','Quick','1',NULL);
INSERT INTO "events" VALUES(10,6,5,1700000000.0,'ExecutionSucceeded',NULL,'1',NULL);
INSERT INTO "events" VALUES(11,1,0,1700000000.0,'ExecutionStarted',NULL,'2','{"roleArn":"arn:aws:iam::123456789012:role/r"}');
INSERT INTO "events" VALUES(11,2,0,1700000000.0,'ChoiceStateEntered','Even','2',NULL);
INSERT INTO "events" VALUES(11,3,2,1700000000.0,'ChoiceStateExited','Even','2',NULL);
INSERT INTO "events" VALUES(11,4,3,1700000000.0,'WaitStateEntered','Slow','2',NULL);
INSERT INTO "events" VALUES(12,1,0,1700000000.0,'ExecutionStarted',NULL,'3','{"roleArn":"arn:aws:iam::123456789012:role/r"}');
INSERT INTO "events" VALUES(12,2,0,1700000000.0,'ChoiceStateEntered','Even','3',NULL);
INSERT INTO "events" VALUES(12,3,2,1700000000.0,'ChoiceStateExited','Even','3',NULL);
INSERT INTO "events" VALUES(12,4,3,1700000000.0,'WaitStateEntered','Slow','3',NULL);
CREATE TABLE executions (
        id INTEGER PRIMARY KEY,   -- in the order of their start; what the other tables refer to
        arn TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        machine_arn TEXT NOT NULL,
        machine_name TEXT NOT NULL,
        role_arn TEXT NOT NULL,
        definition_id TEXT NOT NULL,
        region TEXT NOT NULL,
        type TEXT NOT NULL,
        started_at REAL NOT NULL,
        map_run_arn TEXT,
        item_index INTEGER,
        status TEXT NOT NULL,
        stopped_at REAL,
        error TEXT,
        cause TEXT,
        next_branch INTEGER NOT NULL,
        last_event_id INTEGER NOT NULL,
        transitions INTEGER NOT NULL,
        redrive_count INTEGER NOT NULL,
        input TEXT NOT NULL,
        output TEXT
    , version_arn TEXT, alias_arn TEXT, trace_header TEXT, item_count INTEGER NOT NULL DEFAULT 1, redriven_at REAL, redrive_tokens TEXT NOT NULL DEFAULT '[]');
INSERT INTO "executions" VALUES(1,'arn:aws:states:us-east-1:123456789012:execution:ended:one','one','arn:aws:states:us-east-1:123456789012:stateMachine:ended','ended','arn:aws:iam::123456789012:role/r','3973f5482bdc9089dba0d0bf17ba6aa6','','STANDARD',1700000000.0,NULL,NULL,'SUCCEEDED',1700000000.0,NULL,NULL,2,4,1,0,'{"n": 1}','{"a":[1,"éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé"]}',NULL,NULL,NULL,1,NULL,'[]');
INSERT INTO "executions" VALUES(2,'arn:aws:states:us-east-1:123456789012:execution:failed:one','one','arn:aws:states:us-east-1:123456789012:stateMachine:failed','failed','arn:aws:iam::123456789012:role/r','b0c85220f30d681faef933658e175d94','','STANDARD',1700000000.0,NULL,NULL,'FAILED',1700000000.0,'E','c',2,3,1,0,'{"n": 1}',NULL,NULL,NULL,NULL,1,NULL,'[]');
INSERT INTO "executions" VALUES(3,'arn:aws:states:us-east-1:123456789012:execution:waits:one','one','arn:aws:states:us-east-1:123456789012:stateMachine:waits','waits','arn:aws:iam::123456789012:role/r','3a093d296c16f18e9b848dc4445c6046','','STANDARD',1700000000.0,NULL,NULL,'RUNNING',NULL,NULL,NULL,2,2,1,0,'{"n": 1}',NULL,NULL,NULL,NULL,1,NULL,'[]');
INSERT INTO "executions" VALUES(4,'arn:aws:states:us-east-1:123456789012:execution:asks:one','one','arn:aws:states:us-east-1:123456789012:stateMachine:asks','asks','arn:aws:iam::123456789012:role/r','692eafaa29746dea3d8ce019e244ad28','','STANDARD',1700000000.0,NULL,NULL,'RUNNING',NULL,NULL,NULL,2,4,1,0,'{"n": 1}',NULL,NULL,NULL,NULL,1,NULL,'[]');
INSERT INTO "executions" VALUES(5,'arn:aws:states:us-east-1:123456789012:execution:retries:one','one','arn:aws:states:us-east-1:123456789012:stateMachine:retries','retries','arn:aws:iam::123456789012:role/r','a0af79946b7e84abd9189294a0d73331','','STANDARD',1700000000.0,NULL,NULL,'RUNNING',NULL,NULL,NULL,2,5,1,0,'{"n": 1}',NULL,NULL,NULL,NULL,1,NULL,'[]');
INSERT INTO "executions" VALUES(6,'arn:aws:states:us-east-1:123456789012:execution:parallel:one','one','arn:aws:states:us-east-1:123456789012:stateMachine:parallel','parallel','arn:aws:iam::123456789012:role/r','7dd815958fa8d88e62c967e29a383854','','STANDARD',1700000000.0,NULL,NULL,'RUNNING',NULL,NULL,NULL,4,6,3,0,'{"n": 1}',NULL,NULL,NULL,NULL,1,NULL,'[]');
INSERT INTO "executions" VALUES(7,'arn:aws:states:us-east-1:123456789012:execution:map:one','one','arn:aws:states:us-east-1:123456789012:stateMachine:map','map','arn:aws:iam::123456789012:role/r','52f700895f29d34074841050cd4390ba','','STANDARD',1700000000.0,NULL,NULL,'RUNNING',NULL,NULL,NULL,4,7,3,0,'[1, 2, 3]',NULL,NULL,NULL,NULL,1,NULL,'[]');
INSERT INTO "executions" VALUES(8,'arn:aws:states:us-east-1:123456789012:execution:spread:one','one','arn:aws:states:us-east-1:123456789012:stateMachine:spread','spread','arn:aws:iam::123456789012:role/r','56fa14929b78cf32b5c5d1c7ac43367b','','STANDARD',1700000000.0,NULL,NULL,'RUNNING',NULL,NULL,NULL,2,4,1,0,'[0, 1, 2, 3]',NULL,NULL,NULL,NULL,1,NULL,'[]');
INSERT INTO "executions" VALUES(9,'arn:aws:states:us-east-1:123456789012:execution:spread/1d189f3f-9432-4b44-a24f-2dc6397c6603:17c61eca-3e3d-40d1-ba5b-6fe7f9e4f67e','17c61eca-3e3d-40d1-ba5b-6fe7f9e4f67e','arn:aws:states:us-east-1:123456789012:stateMachine:spread/1d189f3f-9432-4b44-a24f-2dc6397c6603','spread','arn:aws:iam::123456789012:role/r','56fa14929b78cf32b5c5d1c7ac43367b','/States/Each/ItemProcessor','STANDARD',1700000000.0,'arn:aws:states:us-east-1:123456789012:mapRun:spread/1d189f3f-9432-4b44-a24f-2dc6397c6603:046b1939-9e8a-4257-a357-7ca1b0470233',0,'SUCCEEDED',1700000000.0,NULL,NULL,2,6,2,0,'0','0',NULL,NULL,NULL,1,NULL,'[]');
INSERT INTO "executions" VALUES(10,'arn:aws:states:us-east-1:123456789012:execution:spread/1d189f3f-9432-4b44-a24f-2dc6397c6603:4475e9ac-f947-48e1-be7f-4dee38d04292','4475e9ac-f947-48e1-be7f-4dee38d04292','arn:aws:states:us-east-1:123456789012:stateMachine:spread/1d189f3f-9432-4b44-a24f-2dc6397c6603','spread','arn:aws:iam::123456789012:role/r','56fa14929b78cf32b5c5d1c7ac43367b','/States/Each/ItemProcessor','STANDARD',1700000000.0,'arn:aws:states:us-east-1:123456789012:mapRun:spread/1d189f3f-9432-4b44-a24f-2dc6397c6603:046b1939-9e8a-4257-a357-7ca1b0470233',1,'SUCCEEDED',1700000000.0,NULL,NULL,2,6,2,0,'1','1',NULL,NULL,NULL,1,NULL,'[]');
INSERT INTO "executions" VALUES(11,'arn:aws:states:us-east-1:123456789012:execution:spread/1d189f3f-9432-4b44-a24f-2dc6397c6603:50729461-b8f8-4d78-8b2e-552c59fbcdb3','50729461-b8f8-4d78-8b2e-552c59fbcdb3','arn:aws:states:us-east-1:123456789012:stateMachine:spread/1d189f3f-9432-4b44-a24f-2dc6397c6603','spread','arn:aws:iam::123456789012:role/r','56fa14929b78cf32b5c5d1c7ac43367b','/States/Each/ItemProcessor','STANDARD',1700000000.0,'arn:aws:states:us-east-1:123456789012:mapRun:spread/1d189f3f-9432-4b44-a24f-2dc6397c6603:046b1939-9e8a-4257-a357-7ca1b0470233',2,'RUNNING',NULL,NULL,NULL,2,4,2,0,'2',NULL,NULL,NULL,NULL,1,NULL,'[]');
INSERT INTO "executions" VALUES(12,'arn:aws:states:us-east-1:123456789012:execution:spread/1d189f3f-9432-4b44-a24f-2dc6397c6603:15b465f2-79f8-4abc-943c-0199afff1f9c','15b465f2-79f8-4abc-943c-0199afff1f9c','arn:aws:states:us-east-1:123456789012:stateMachine:spread/1d189f3f-9432-4b44-a24f-2dc6397c6603','spread','arn:aws:iam::123456789012:role/r','56fa14929b78cf32b5c5d1c7ac43367b','/States/Each/ItemProcessor','STANDARD',1700000000.0,'arn:aws:states:us-east-1:123456789012:mapRun:spread/1d189f3f-9432-4b44-a24f-2dc6397c6603:046b1939-9e8a-4257-a357-7ca1b0470233',3,'RUNNING',NULL,NULL,NULL,2,4,2,0,'3',NULL,NULL,NULL,NULL,1,NULL,'[]');
CREATE TABLE machines (
        arn TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        type TEXT NOT NULL,
        role_arn TEXT NOT NULL,
        definition_id TEXT NOT NULL REFERENCES definitions (id),
        revision_id TEXT NOT NULL,
        created_at REAL NOT NULL,
        updated_at REAL NOT NULL,
        status TEXT NOT NULL,
        settings TEXT,            -- JSON
        tags TEXT NOT NULL        -- JSON
    ) WITHOUT ROWID
    ;
INSERT INTO "machines" VALUES('arn:aws:states:us-east-1:123456789012:stateMachine:asks','asks','STANDARD','arn:aws:iam::123456789012:role/r','692eafaa29746dea3d8ce019e244ad28','b97b784e-db82-43db-a687-707d34a42dab',1700000000.0,1700000000.0,'ACTIVE','{}','{}');
INSERT INTO "machines" VALUES('arn:aws:states:us-east-1:123456789012:stateMachine:ended','ended','STANDARD','arn:aws:iam::123456789012:role/r','3973f5482bdc9089dba0d0bf17ba6aa6','02443e31-1197-420d-b3aa-0544ecec393a',1700000000.0,1700000000.0,'ACTIVE','{}','{}');
INSERT INTO "machines" VALUES('arn:aws:states:us-east-1:123456789012:stateMachine:failed','failed','STANDARD','arn:aws:iam::123456789012:role/r','b0c85220f30d681faef933658e175d94','638a3d19-2004-46c2-a2a9-9c9d6fc39201',1700000000.0,1700000000.0,'ACTIVE','{}','{}');
INSERT INTO "machines" VALUES('arn:aws:states:us-east-1:123456789012:stateMachine:map','map','STANDARD','arn:aws:iam::123456789012:role/r','52f700895f29d34074841050cd4390ba','18ce9157-3a27-4d52-b74f-141dc027d018',1700000000.0,1700000000.0,'ACTIVE','{}','{}');
INSERT INTO "machines" VALUES('arn:aws:states:us-east-1:123456789012:stateMachine:parallel','parallel','STANDARD','arn:aws:iam::123456789012:role/r','7dd815958fa8d88e62c967e29a383854','6e05436f-4bc6-41b4-a452-20b3a12c6c26',1700000000.0,1700000000.0,'ACTIVE','{}','{}');
INSERT INTO "machines" VALUES('arn:aws:states:us-east-1:123456789012:stateMachine:retries','retries','STANDARD','arn:aws:iam::123456789012:role/r','a0af79946b7e84abd9189294a0d73331','9768fca4-4bcd-460c-8e3d-1388726131bf',1700000000.0,1700000000.0,'ACTIVE','{}','{}');
INSERT INTO "machines" VALUES('arn:aws:states:us-east-1:123456789012:stateMachine:spread','spread','STANDARD','arn:aws:iam::123456789012:role/r','56fa14929b78cf32b5c5d1c7ac43367b','12d137ab-508b-4b9b-a488-b4ce40e71978',1700000000.0,1700000000.0,'ACTIVE','{}','{}');
INSERT INTO "machines" VALUES('arn:aws:states:us-east-1:123456789012:stateMachine:waits','waits','STANDARD','arn:aws:iam::123456789012:role/r','3a093d296c16f18e9b848dc4445c6046','4e69e9d4-2ce7-4487-98bc-7f6283c0be24',1700000000.0,1700000000.0,'ACTIVE','{}','{}');
CREATE TABLE map_runs (
        id INTEGER PRIMARY KEY,
        arn TEXT NOT NULL UNIQUE,
        execution_arn TEXT NOT NULL,
        row TEXT NOT NULL,        -- rows.map_run_to_json
        status TEXT NOT NULL,
        stopped_at REAL,
        cursor INTEGER NOT NULL,
        exhausted INTEGER NOT NULL,
        total INTEGER,
        running INTEGER NOT NULL,
        succeeded INTEGER NOT NULL,
        failed INTEGER NOT NULL,
        timed_out INTEGER NOT NULL,
        aborted INTEGER NOT NULL,
        max_concurrency INTEGER NOT NULL,
        tolerated_failure_count INTEGER,
        tolerated_failure_percentage REAL
    , written INTEGER NOT NULL DEFAULT 0, running_items INTEGER NOT NULL DEFAULT 0, succeeded_items INTEGER NOT NULL DEFAULT 0, failed_items INTEGER NOT NULL DEFAULT 0, timed_out_items INTEGER NOT NULL DEFAULT 0, aborted_items INTEGER NOT NULL DEFAULT 0, written_items INTEGER NOT NULL DEFAULT 0, attempt INTEGER NOT NULL DEFAULT 0, redriven_at REAL, redrive_count INTEGER NOT NULL DEFAULT 0, redrive_from INTEGER NOT NULL DEFAULT 0, redrive_until INTEGER NOT NULL DEFAULT 0, pending_redrive INTEGER NOT NULL DEFAULT 0, pending_redrive_items INTEGER NOT NULL DEFAULT 0, not_redrivable INTEGER NOT NULL DEFAULT 0, not_redrivable_items INTEGER NOT NULL DEFAULT 0);
INSERT INTO "map_runs" VALUES(1,'arn:aws:states:us-east-1:123456789012:mapRun:spread/1d189f3f-9432-4b44-a24f-2dc6397c6603:046b1939-9e8a-4257-a357-7ca1b0470233','arn:aws:states:us-east-1:123456789012:execution:spread:one','{"arn":"arn:aws:states:us-east-1:123456789012:mapRun:spread/1d189f3f-9432-4b44-a24f-2dc6397c6603:046b1939-9e8a-4257-a357-7ca1b0470233","execution_arn":"arn:aws:states:us-east-1:123456789012:execution:spread:one","machine_arn":"arn:aws:states:us-east-1:123456789012:stateMachine:spread","branch":1,"state":"Each","label":"1d189f3f-9432-4b44-a24f-2dc6397c6603","region":"/States/Each/ItemProcessor","execution_type":"STANDARD","input":[0,1,2,3],"items":[0,1,2,3],"variables":{},"started_at":1700000000.0}','RUNNING',NULL,4,1,4,2,2,0,0,0,2,NULL,NULL,0,2,2,0,0,0,0,1,NULL,0,0,0,0,0,0,0);
CREATE TABLE tasks (
        execution INTEGER NOT NULL,
        branch INTEGER NOT NULL,
        attempt INTEGER NOT NULL,
        row TEXT NOT NULL,        -- rows.task_to_json
        submitted TEXT,           -- output of TaskSubmitted
        PRIMARY KEY (execution, branch, attempt)
    ) WITHOUT ROWID
    ;
INSERT INTO "tasks" VALUES(4,1,1,'{"branch":1,"attempt":1,"state":"Ask","resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken","arguments":{"QueueUrl":"q","MessageBody":{"Token":"MSAxIGFybjphd3M6c3RhdGVzOnVzLWVhc3QtMToxMjM0NTY3ODkwMTI6ZXhlY3V0aW9uOmFza3M6b25l"}},"token":"MSAxIGFybjphd3M6c3RhdGVzOnVzLWVhc3QtMToxMjM0NTY3ODkwMTI6ZXhlY3V0aW9uOmFza3M6b25l","credentials":null,"timeout_seconds":null,"heartbeat_seconds":null}',NULL);
CREATE TABLE timers (
        execution INTEGER NOT NULL,
        branch INTEGER NOT NULL,
        kind TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        due REAL NOT NULL,
        PRIMARY KEY (execution, branch, kind)
    ) WITHOUT ROWID
    ;
INSERT INTO "timers" VALUES(3,1,'WAIT',1,1700086400.0);
INSERT INTO "timers" VALUES(5,1,'RETRY',2,1700003600.0);
INSERT INTO "timers" VALUES(6,3,'WAIT',1,1700086400.0);
INSERT INTO "timers" VALUES(7,2,'WAIT',1,1700086400.0);
INSERT INTO "timers" VALUES(7,3,'WAIT',1,1700086400.0);
INSERT INTO "timers" VALUES(11,1,'WAIT',1,1700086400.0);
INSERT INTO "timers" VALUES(12,1,'WAIT',1,1700086400.0);
CREATE TABLE versions (
        arn TEXT PRIMARY KEY,
        machine_arn TEXT NOT NULL,
        number INTEGER NOT NULL,
        revision_id TEXT NOT NULL,
        definition_id TEXT NOT NULL REFERENCES definitions (id),
        role_arn TEXT NOT NULL,
        settings TEXT,            -- JSON
        description TEXT,
        created_at REAL NOT NULL,
        deleted INTEGER NOT NULL  -- stays, so that its number is not used again
    ) WITHOUT ROWID
    ;
CREATE INDEX executions_of_map_run ON executions (map_run_arn, item_index) WHERE map_run_arn IS NOT NULL;
CREATE INDEX executions_open ON executions (machine_arn, id) WHERE status = 'RUNNING';
CREATE INDEX map_runs_of_execution ON map_runs (execution_arn, id);
CREATE INDEX versions_of_machine ON versions (machine_arn, number);
CREATE INDEX aliases_of_machine ON aliases (machine_arn, name);
CREATE INDEX executions_of_machine ON executions (machine_arn, COALESCE(stopped_at, redriven_at, started_at), id);
COMMIT;
