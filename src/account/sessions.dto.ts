import { ApiProperty } from '@nestjs/swagger';

/** One of the caller's sessions. */
export class SessionBody {
  @ApiProperty({ example: 'AJ6EJQCF.4f1Zk0m3Qy2hWv7uYx9Rsg' })
  id!: string;

  @ApiProperty({ description: 'When it began: UTC, whole seconds.', example: '2025-12-01T16:14:53+00:00' })
  created_at!: string;

  @ApiProperty({ description: 'When its newest token was issued.', example: '2025-12-01T17:02:11+00:00' })
  refreshed_at!: string;

  @ApiProperty({ description: 'Where the login came from.', example: '203.0.113.7' })
  address!: string;

  @ApiProperty({ example: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0' })
  user_agent!: string;

  @ApiProperty({ description: 'Whether it is the one that asks.', example: true })
  current!: boolean;
}

/** The caller's sessions, the newest login first. */
export class SessionsBody {
  @ApiProperty({ type: [SessionBody] })
  sessions!: SessionBody[];
}
