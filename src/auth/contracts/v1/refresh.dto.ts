import { ApiProperty } from '@nestjs/swagger';

/** The new token, the same as in the header. */
export class RefreshBody {
  @ApiProperty({ example: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6IkZ…' })
  access_token!: string;
}
